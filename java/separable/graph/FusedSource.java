package separable.graph;

import java.util.ArrayList;
import java.util.List;
import separable.spec.Activation;
import separable.spec.NormSpec;

/** What a fused op makes its input of while it loads it. */
public sealed interface FusedSource {

    List<Tensor> reads();

    /** What is stored on the way. */
    default List<Tensor> writes() {
        return List.of();
    }

    /** The tensor whose shape the input has. */
    Tensor like();

    /** A tensor as it is. */
    record Raw(Tensor x) implements FusedSource {
        @Override
        public List<Tensor> reads() {
            return List.of(x);
        }

        @Override
        public Tensor like() {
            return x;
        }
    }

    /**
     * {@code act(BN(y))} of a convolution's raw output.
     *
     * @param statistics fp32 {@code [4, Cp]}: mean, biased variance, {@code gamma / sqrt(variance + epsilon)}, beta
     */
    record Norm(NormSpec norm, Tensor y, Tensor statistics) implements FusedSource {
        @Override
        public List<Tensor> reads() {
            return List.of(y, statistics);
        }

        @Override
        public Tensor like() {
            return y;
        }
    }

    /**
     * A residual sum, which its first reader stores.
     *
     * @param branch normalised without activation
     * @param skip   {@link Raw} or, without activation, {@link Norm}
     */
    record Sum(Norm branch, FusedSource skip, Tensor sum) implements FusedSource {
        public Sum {
            boolean plain = branch.norm().activation() == Activation.NONE
                    && (skip instanceof Raw || skip instanceof Norm other && other.norm().activation() == Activation.NONE);
            if (!plain) {
                throw new IllegalArgumentException(sum + ": a fused sum adds a normalisation without activation and a tensor or another such normalisation");
            }
        }

        @Override
        public List<Tensor> reads() {
            List<Tensor> all = new ArrayList<>(branch.reads());
            all.addAll(skip.reads());
            return all;
        }

        @Override
        public List<Tensor> writes() {
            return List.of(sum);
        }

        @Override
        public Tensor like() {
            return sum;
        }
    }
}
