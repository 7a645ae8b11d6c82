package separable.graph;

import java.util.Optional;

/**
 * A batch normalisation to be folded into the convolution before it.
 *
 * @param bias   the convolution's own
 * @param filter the folded filter, laid out like the convolution's and of its type
 * @param shift  the folded bias, fp32
 */
record FoldedNorm(Op.ConvForward conv, Optional<Tensor> bias, Op.BatchNormForward norm, Tensor filter, Tensor shift) {
}
