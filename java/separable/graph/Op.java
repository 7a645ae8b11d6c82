package separable.graph;

import java.util.List;
import java.util.stream.Stream;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.NormSpec;
import separable.spec.PoolSpec;

/**
 * One operation as data: what is computed from which tensors, not by which kernel. Passes read and rewrite lists of these.
 *
 * <p>Naming: {@code x} input, {@code y} output, {@code w} filter; {@code dx} is the loss's gradient with respect to
 * {@code x}. Every op writes its outputs with {@code =}.
 */
public sealed interface Op
        permits FoldedConv, FusedOp, Op.ConvForward, Op.ConvBackwardData, Op.ConvBackwardFilter, Op.BiasForward, Op.BiasBackward,
                Op.BatchNormStatistics, Op.BatchNormForward, Op.BatchNormBackwardReduce, Op.BatchNormBackwardData,
                Op.ActivationForward, Op.ActivationBackward, Op.AddForward, Op.MaxPoolForward, Op.MaxPoolBackward,
                Op.AveragePoolForward, Op.AveragePoolBackward, Op.GlobalAveragePoolForward, Op.GlobalAveragePoolBackward,
                Op.DropoutForward, Op.DropoutBackward, Op.SoftmaxEvaluate, Op.SoftmaxCrossEntropy {

    /** The layer that asked for it. */
    String name();

    List<Tensor> reads();

    List<Tensor> writes();

    /** Outputs that may take an input's memory. */
    default List<Reuse> reuses() {
        return List.of();
    }

    /** A tensor for each time that it must go to or from memory: all that is read and written, and again what the op reads twice. */
    default List<Tensor> traffic() {
        return Stream.concat(reads().stream(), writes().stream()).toList();
    }

    /** {@code y = conv(x, w)}. A dense layer is a pointwise convolution of a matrix that views {@code x}. */
    record ConvForward(String name, ConvSpec spec, Tensor x, Tensor w, Tensor y) implements Op, ConvOp {
        public ConvForward {
            requireElements(name, spec, x, y);
        }

        @Override
        public List<Tensor> reads() {
            return List.of(x, w);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(y);
        }
    }

    record ConvBackwardData(String name, ConvSpec spec, Tensor dy, Tensor w, Tensor dx) implements Op, ConvOp {
        public ConvBackwardData {
            requireElements(name, spec, dx, dy);
        }

        @Override
        public List<Tensor> reads() {
            return List.of(dy, w);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(dx);
        }
    }

    record ConvBackwardFilter(String name, ConvSpec spec, Tensor x, Tensor dy, Tensor dw) implements Op, ConvOp {
        public ConvBackwardFilter {
            requireElements(name, spec, x, dy);
        }

        @Override
        public List<Tensor> reads() {
            return List.of(x, dy);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(dw);
        }
    }

    /** {@code y = x + bias}, a bias a channel. */
    record BiasForward(String name, Tensor x, Tensor bias, Tensor y) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(x, bias);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(y);
        }

        @Override
        public List<Reuse> reuses() {
            return List.of(new Reuse(x, y));
        }
    }

    /** {@code dbias} = sum of {@code dy} over pixels; the gradient of {@code x} is {@code dy} itself. */
    record BiasBackward(String name, Tensor dy, Tensor dbias) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(dy);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(dbias);
        }
    }

    /** Mean and biased variance of a batch; moves the running statistics towards them. */
    record BatchNormStatistics(String name, NormSpec norm, Tensor x, Tensor running, Tensor statistics) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(x, running);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(statistics, running);
        }
    }

    /** {@code y = act((x - mean) * gamma / sqrt(var + eps) + beta)}, with a batch's or the running statistics. */
    record BatchNormForward(String name, NormSpec norm, Tensor x, Tensor statistics, Tensor gamma, Tensor beta, Tensor y)
            implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(x, statistics, gamma, beta);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(y);
        }
    }

    /**
     * {@code g} = {@code dy} where the activation passes it, else 0; {@code dbeta} = sum of g, {@code dgamma} = sum of g times
     * the normalised x. Without an activation {@code g} is the tensor {@code dy}.
     */
    record BatchNormBackwardReduce(String name, NormSpec norm, Tensor x, Tensor dy, Tensor statistics, Tensor gamma,
                                   Tensor beta, Tensor g, Tensor dgamma, Tensor dbeta) implements Op {
        public BatchNormBackwardReduce {
            if ((norm.activation() == Activation.NONE) != g.equals(dy)) {
                throw new IllegalArgumentException(name + ": g must be dy without an activation, and a tensor of its own with one");
            }
        }

        @Override
        public List<Tensor> reads() {
            return List.of(x, dy, statistics, gamma, beta);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(g, dgamma, dbeta);
        }

        @Override
        public List<Reuse> reuses() {
            return g.equals(dy) ? List.of() : List.of(new Reuse(dy, g));
        }

        @Override
        public List<Tensor> traffic() {
            return g.equals(dy) ? List.of(x, dy, statistics, dgamma, dbeta) : List.of(x, dy, statistics, gamma, beta, g, dgamma, dbeta);
        }
    }

    /** {@code dx = gamma * inv * (g - dbeta/n - xhat * dgamma/n)}, n pixels a channel. */
    record BatchNormBackwardData(String name, NormSpec norm, Tensor x, Tensor g, Tensor statistics, Tensor gamma,
                                 Tensor dgamma, Tensor dbeta, Tensor dx) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(x, g, statistics, gamma, dgamma, dbeta);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(dx);
        }

        @Override
        public List<Reuse> reuses() {
            return List.of(new Reuse(g, dx));
        }
    }

    record ActivationForward(String name, Activation activation, Tensor x, Tensor y) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(x);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(y);
        }

        @Override
        public List<Reuse> reuses() {
            return List.of(new Reuse(x, y));
        }
    }

    /** {@code dx = dy} where {@code y} is strictly inside the activation's range, else 0. */
    record ActivationBackward(String name, Activation activation, Tensor y, Tensor dy, Tensor dx) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(y, dy);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(dx);
        }

        @Override
        public List<Reuse> reuses() {
            return List.of(new Reuse(dy, dx));
        }
    }

    /** {@code y = a + b}: a residual, or two contributions to one gradient. */
    record AddForward(String name, Tensor a, Tensor b, Tensor y) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(a, b);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(y);
        }

        @Override
        public List<Reuse> reuses() {
            return List.of(new Reuse(a, y), new Reuse(b, y));
        }
    }

    record MaxPoolForward(String name, PoolSpec spec, Tensor x, Tensor y) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(x);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(y);
        }
    }

    /** The gradient of a window goes to its first maximum. */
    record MaxPoolBackward(String name, PoolSpec spec, Tensor x, Tensor y, Tensor dy, Tensor dx) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(x, y, dy);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(dx);
        }
    }

    /** @param countPadding whether padded pixels count in the divisor */
    record AveragePoolForward(String name, PoolSpec spec, boolean countPadding, Tensor x, Tensor y) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(x);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(y);
        }
    }

    record AveragePoolBackward(String name, PoolSpec spec, boolean countPadding, Tensor dy, Tensor dx) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(dy);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(dx);
        }
    }

    /** {@code [n, h, w, c]} to {@code [n, c]}: the mean over pixels. */
    record GlobalAveragePoolForward(String name, Tensor x, Tensor y) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(x);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(y);
        }
    }

    record GlobalAveragePoolBackward(String name, Tensor dy, Tensor dx) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(dy);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(dx);
        }
    }

    /** Zeroes a fraction {@code rate} and scales the rest by {@code 1/(1-rate)}; the mask follows from seed, step and {@code salt}. */
    record DropoutForward(String name, float rate, int salt, Tensor x, Tensor y) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(x);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(y);
        }

        @Override
        public List<Reuse> reuses() {
            return List.of(new Reuse(x, y));
        }
    }

    record DropoutBackward(String name, float rate, int salt, Tensor dy, Tensor dx) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(dy);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(dx);
        }

        @Override
        public List<Reuse> reuses() {
            return List.of(new Reuse(dy, dx));
        }
    }

    /** Loss and top-1/top-5 counts into the step's metrics slot, no gradient. */
    record SoftmaxEvaluate(String name, float smoothing, boolean mixed, Tensor logits, Tensor labels) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(logits, labels);
        }

        @Override
        public List<Tensor> writes() {
            return List.of();
        }
    }

    /** {@link SoftmaxEvaluate} and the gradient of the mean loss over the batch's valid rows. */
    record SoftmaxCrossEntropy(String name, float smoothing, boolean mixed, Tensor logits, Tensor labels, Tensor dlogits) implements Op {
        @Override
        public List<Tensor> reads() {
            return List.of(logits, labels);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(dlogits);
        }
    }

    private static void requireElements(String name, ConvSpec spec, Tensor x, Tensor y) {
        if (x.shape().elements() != spec.input().elements() || y.shape().elements() != spec.output().elements()) {
            throw new IllegalArgumentException(name + ": convolution " + spec + " between tensors " + x + " and " + y);
        }
    }
}
