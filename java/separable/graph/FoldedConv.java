package separable.graph;

import java.util.List;
import java.util.Optional;
import separable.spec.Activation;
import separable.spec.ConvSpec;

/**
 * {@code y = act(conv(x, w) + bias) + skip}, finished in fp32 and rounded once: a convolution of inference with what follows it, its batch
 * normalisation, if any, folded into {@code w} and {@code bias}.
 *
 * @param skip of a residual block, shaped like {@code y}, which may take its memory
 */
record FoldedConv(String name, ConvSpec spec, Activation activation, Tensor x, Tensor w, Tensor bias, Optional<Tensor> skip, Tensor y)
        implements Op, ConvOp {

    FoldedConv {
        if (skip.isPresent() && !skip.get().shape().equals(y.shape())) {
            throw new IllegalArgumentException(name + ": residual " + skip.get() + " is added to " + y);
        }
    }

    @Override
    public List<Tensor> reads() {
        return skip.map(added -> List.of(x, w, bias, added)).orElseGet(() -> List.of(x, w, bias));
    }

    @Override
    public List<Tensor> writes() {
        return List.of(y);
    }

    @Override
    public List<Reuse> reuses() {
        return skip.filter(added -> !added.equals(x)).map(added -> List.of(new Reuse(added, y))).orElse(List.of());
    }
}
