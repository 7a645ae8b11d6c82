package separable.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import separable.kernel.FusedPointwiseBackward;
import separable.kernel.PointwiseBackwardForm;
import separable.spec.ConvSpec;
import separable.spec.NormSpec;

/**
 * One launch of the fused schedule, as data. Of a [convolution, batch normalisation, activation] only {@code y}, the raw output of the
 * convolution, is stored. Who reads it normalises it on load, who writes it leaves its {@code statistics}, fp32 {@code [4, Cp]}; who writes
 * {@code g}, the gradient at the normalisation's output with the activation's mask applied, leaves dgamma, dbeta and
 * {@code sums}, fp32 {@code [2, Cp]}, from which the gradient of {@code y} is made on load.
 */
public sealed interface FusedOp extends Op {

    /** {@code y = conv(source, w)} and y's statistics; the running ones move. Depthwise, pointwise or a stem's convolution, as {@code spec} says. */
    record ConvNorm(String name, ConvSpec spec, FusedSource source, Tensor w, NormSpec norm, Tensor gamma, Tensor beta, Tensor running,
                    Tensor y, Tensor statistics) implements FusedOp, ConvOp {
        @Override
        public List<Tensor> reads() {
            return join(source.reads(), List.of(w, gamma, beta, running));
        }

        @Override
        public List<Tensor> writes() {
            return join(source.writes(), List.of(y, statistics, running));
        }
    }

    /** {@code y = dropout(mean over pixels of source)}; a rate of 0 drops nothing. */
    record Pool(String name, FusedSource.Norm source, float rate, int salt, Tensor y) implements FusedOp {
        @Override
        public List<Tensor> reads() {
            return source.reads();
        }

        @Override
        public List<Tensor> writes() {
            return List.of(y);
        }
    }

    /** {@code y = x w^T + bias}. */
    record Dense(String name, ConvSpec spec, Tensor x, Tensor w, Tensor bias, Tensor y) implements FusedOp, ConvOp {
        @Override
        public List<Tensor> reads() {
            return List.of(x, w, bias);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(y);
        }
    }

    /** {@code dw = dy^T x}, {@code dbias = sum of dy}, {@code dx = dropout's mask of dy w}; a rate of 0 drops nothing. */
    record DenseBackward(String name, ConvSpec spec, Tensor dy, Tensor x, Tensor w, float rate, int salt, Tensor dx, Tensor dw, Tensor dbias)
            implements FusedOp, ConvOp {
        @Override
        public List<Tensor> reads() {
            return List.of(dy, x, w);
        }

        @Override
        public List<Tensor> writes() {
            return List.of(dx, dw, dbias);
        }

        @Override
        public int passes() {
            return 2;
        }
    }

    /** The gradient at the output of a normalisation, before it is turned into one of the convolution's raw output {@code y}. */
    sealed interface Gradient {

        Tensor y();

        Tensor statistics();

        Tensor sums();

        List<Tensor> reads();
    }

    /** @param g of {@code y}'s shape, activation mask applied */
    record Stored(Tensor g, Tensor y, Tensor statistics, Tensor sums) implements Gradient {
        @Override
        public List<Tensor> reads() {
            return List.of(g, y, statistics, sums);
        }
    }

    /** Behind a mean over pixels, of which {@code dp} is the gradient: {@code [n, c]}, spread and masked on load. */
    record Pooled(Tensor dp, NormSpec norm, Tensor y, Tensor statistics, Tensor sums) implements Gradient {
        @Override
        public List<Tensor> reads() {
            return List.of(dp, y, statistics, sums);
        }
    }

    /** What whoever writes a normalisation's gradient leaves. */
    record NormGradient(Tensor dgamma, Tensor dbeta, Tensor sums) {
        List<Tensor> writes() {
            return List.of(dgamma, dbeta, sums);
        }
    }

    /** The sums over the gradient at {@code source}'s output, which is spread from its mean's gradient {@code dp} and not stored. */
    record PoolReduce(String name, FusedSource.Norm source, Tensor dp, NormGradient gradient) implements FusedOp {
        @Override
        public List<Tensor> reads() {
            return join(List.of(dp), source.reads());
        }

        @Override
        public List<Tensor> writes() {
            return gradient.writes();
        }
    }

    /** Both gradients of a depthwise convolution: {@code dw}, and {@code g} at the output of the normalisation before it. */
    record DepthwiseBackward(String name, ConvSpec spec, Stored dy, FusedSource.Norm source, Tensor w, Tensor g, NormGradient gradient, Tensor dw)
            implements FusedOp, ConvOp {
        @Override
        public List<Tensor> reads() {
            return join(dy.reads(), source.reads(), List.of(w));
        }

        @Override
        public List<Tensor> writes() {
            return join(List.of(g), gradient.writes(), List.of(dw));
        }

        @Override
        public int passes() {
            return 2;
        }
    }

    /**
     * Both gradients of a pointwise convolution: the filter's, and {@code g} at the output of the normalisation before it, plus
     * {@code skip} where another op reads that output too.
     *
     * @param source the normalisation before it
     * @param stored the residual sum that was the convolution's input; absent where the source itself was
     * @param dw     the gradient, or its addends {@code [P, Cout, Cin]}, which {@link GradientFold} adds up
     */
    record PointwiseBackward(String name, ConvSpec spec, Gradient dy, FusedSource.Norm source, Optional<Tensor> stored, Optional<Tensor> skip,
                             Tensor w, PointwiseBackwardForm form, Tensor g, NormGradient gradient, Tensor dw) implements FusedOp, ConvOp {
        public PointwiseBackward {
            Objects.requireNonNull(form, "form");
        }

        @Override
        public List<Tensor> reads() {
            List<Tensor> all = new ArrayList<>(dy.reads());
            all.addAll(source.reads());
            stored.ifPresent(all::add);
            skip.ifPresent(all::add);
            all.add(w);
            return all;
        }

        @Override
        public List<Tensor> writes() {
            return join(List.of(g), gradient.writes(), List.of(dw));
        }

        @Override
        public int passes() {
            return 2;
        }

        @Override
        public List<Reuse> reuses() {
            return skip.filter(tensor -> !dy.reads().contains(tensor)).map(tensor -> List.of(new Reuse(tensor, g))).orElse(List.of());
        }

        @Override
        public List<Tensor> traffic() {
            List<Tensor> once = join(reads(), writes());
            return form.form() == FusedPointwiseBackward.Form.DUAL ? join(once, dy.reads(), stored.isPresent() ? List.of() : source.reads()) : once;
        }
    }

    /** The filter gradient of the first convolution. */
    record StemBackward(String name, ConvSpec spec, Stored dy, Tensor x, Tensor dw) implements FusedOp, ConvOp {
        @Override
        public List<Tensor> reads() {
            return join(dy.reads(), List.of(x));
        }

        @Override
        public List<Tensor> writes() {
            return List.of(dw);
        }
    }

    /** Adds the addends of filter gradients up, in their order: {@code dw} of each layer from its {@code partials}. */
    record GradientFold(String name, List<Addends> layers) implements FusedOp {

        /** @param partials fp32 {@code [P, Cout, Cin]} */
        public record Addends(Tensor partials, Tensor dw) {}

        public GradientFold {
            layers = List.copyOf(layers);
        }

        @Override
        public List<Tensor> reads() {
            return layers.stream().map(Addends::partials).toList();
        }

        @Override
        public List<Tensor> writes() {
            return layers.stream().map(Addends::dw).toList();
        }
    }

    @SafeVarargs
    private static List<Tensor> join(List<Tensor>... parts) {
        List<Tensor> all = new ArrayList<>();
        for (List<Tensor> part : parts) {
            all.addAll(part);
        }
        return all;
    }
}
