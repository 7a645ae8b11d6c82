package separable.tune;

import java.util.Objects;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Precision;

/**
 * One pass of one convolution: what candidates are found, measured and remembered for.
 *
 * @param precision of activations and filter, and of their products: candidates may multiply as it allows, or exactly. The filter's
 *                  gradient is fp32
 */
public record Problem(ConvSpec spec, Precision precision, Layout layout, Pass pass) {

    public Problem {
        Objects.requireNonNull(spec, "spec");
        Objects.requireNonNull(precision, "precision");
        Objects.requireNonNull(layout, "layout");
        Objects.requireNonNull(pass, "pass");
    }

    /** With exact products. */
    public Problem(ConvSpec spec, DType type, Layout layout, Pass pass) {
        this(spec, Precision.of(type), layout, pass);
    }

    /** In which activations and filter lie in memory. */
    public DType type() {
        return precision.type();
    }

    /** Stable text that tells problems apart, for files: {@code "forward bf16 nhwc 64x28x28x32-32 k3x3 s1 d1 p1,1,1,1 g32"}. */
    public String key() {
        Padding p = spec.padding();
        return pass + " " + precision + " " + layout + " " + spec.input() + "-" + spec.outputChannels() + " k" + spec.kernelHeight() + "x"
                + spec.kernelWidth() + " s" + spec.stride() + " d" + spec.dilation() + " p" + p.top() + "," + p.left() + ","
                + p.bottom() + "," + p.right() + " g" + spec.groups();
    }

    /** Bytes of the first operand: x, or dy of the data gradient. */
    public long aBytes() {
        return layout.bytes(pass == Pass.BACKWARD_DATA ? spec.output() : spec.input(), type());
    }

    /** Bytes of the second operand: w, or dy of the filter gradient. */
    public long bBytes() {
        return pass == Pass.BACKWARD_FILTER ? layout.bytes(spec.output(), type()) : layout.filterElements(spec) * type().bytes();
    }

    /** Elements of the result: y, dx or dw. */
    public long outElements() {
        return switch (pass) {
            case FORWARD -> layout.elements(spec.output());
            case BACKWARD_DATA -> layout.elements(spec.input());
            case BACKWARD_FILTER -> layout.filterElements(spec);
        };
    }

    /** The precision of the result. */
    public DType outType() {
        return pass == Pass.BACKWARD_FILTER ? DType.F32 : type();
    }

    /** Bytes of the result. */
    public long outBytes() {
        return outElements() * outType().bytes();
    }

    /** Products that one element of the result sums at most. */
    public long depth() {
        long taps = (long) spec.kernelHeight() * spec.kernelWidth();
        return switch (pass) {
            case FORWARD -> taps * (spec.input().c() / spec.groups());
            case BACKWARD_DATA -> taps * (spec.outputChannels() / spec.groups());
            case BACKWARD_FILTER -> spec.output().rows();
        };
    }

    @Override
    public String toString() {
        return pass + " of " + spec + " " + precision + " " + layout;
    }
}
