package separable.kernel;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Pass;

/**
 * Depthwise convolution, the first half of a depthwise separable one (Chollet 2017; Howard et al. 2017): every channel with a filter
 * of its own,
 * <pre>
 *   forward           y[n,oy,ox,c]  = sum over ky, kx of x[n, oy*S - top + ky*D, ox*S - left + kx*D, c] * w[ky,kx,c]
 *   data gradient     its transpose in x
 *   filter gradient   its transpose in w
 * </pre>
 * with stride S and dilation D; taps outside the picture are 0.
 *
 * <p>Filters: [C, KH, KW] in NCHW, else [KH, KW, C] with stored channels as {@link Layout} says, surplus ones zero. 3x3 and 5x5 filters of
 * stride 1 and 2 without dilation have kernels of their own; any other filter, stride and dilation runs too. Shapes, errors and
 * lifetimes: {@link ConvKernel}.
 */
public final class DepthwiseConv extends ConvKernel {

    /** On the current context, in {@link Layout#NHWC}. */
    public DepthwiseConv(ConvSpec spec, DType type) {
        this(spec, type, Layout.NHWC);
    }

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @throws IllegalArgumentException when {@link #supports} says no, with what to use instead
     * @throws IllegalStateException when no context is current
     */
    public DepthwiseConv(ConvSpec spec, DType type, Layout layout) {
        this(Device.current(), spec, type, layout, Optional.empty());
    }

    /** In {@link Layout#PADDED_NHWC}, as the layer graph stores activations. */
    public DepthwiseConv(Device device, ConvSpec spec, DType type) {
        this(device, spec, type, Layout.PADDED_NHWC);
    }

    /**
     * On {@code device}, which must stay open as long as this.
     *
     * @throws IllegalArgumentException when {@link #supports} says no, with what to use instead
     */
    public DepthwiseConv(Device device, ConvSpec spec, DType type, Layout layout) {
        this(device.lend(), spec, type, layout, Optional.empty());
    }

    /** In {@link Layout#PADDED_NHWC} with one of {@link #variants} for its pass; the other passes as the rule says. */
    public DepthwiseConv(Device device, ConvSpec spec, DType type, Variant variant) {
        super(device.lend(), share -> launches(share, spec, type, Layout.PADDED_NHWC, Optional.of(requireNonNull(variant, "variant"))));
    }

    private DepthwiseConv(Device share, ConvSpec spec, DType type, Layout layout, Optional<Variant> variant) {
        super(share, device -> launches(device, spec, type, layout, variant));
    }

    private static ConvLaunches launches(Device device, ConvSpec spec, DType type, Layout layout, Optional<Variant> variant) {
        requireSupported("depthwise convolution", spec, type, layout, refusal(spec, type, layout));
        return layout == Layout.NCHW ? DepthwiseNchw.launches(device, spec, type) : DepthwiseNhwc.launches(device, spec, type, variant);
    }

    /** The ways to compute {@code pass} of a problem in whole vectors of channels, the rule's choice first. */
    public static List<Variant> variants(Device device, ConvSpec spec, DType type, Pass pass) {
        return DepthwiseVariant.all(pass, device, spec);
    }

    /**
     * Whether the kernels for this filter size and stride compute {@code spec}, which {@link #supports} must accept, on {@code device}.
     * Where not, generic ones do: in NCHW those of {@link GenericConv}, else depthwise ones for any filter.
     */
    static boolean isSpecialised(Device device, ConvSpec spec, DType type, Layout layout) {
        return layout == Layout.NCHW ? DepthwiseNchw.isSpecialised(device, spec, type) : DepthwiseVariant.isSpecialised(spec);
    }

    /** Whether it computes {@code spec} in {@link Layout#NHWC}. */
    public static boolean supports(ConvSpec spec, DType type) {
        return supports(spec, type, Layout.NHWC);
    }

    /**
     * One filter a channel; in NCHW and PADDED_NHWC any number of channels, in NHWC multiples of 8. With channels last up to 65,535
     * taps and 16 million channels.
     */
    public static boolean supports(ConvSpec spec, DType type, Layout layout) {
        return refusal(spec, type, layout).isEmpty();
    }

    /** Why it cannot compute the problem. */
    private static Optional<String> refusal(ConvSpec spec, DType type, Layout layout) {
        requireProblem(spec, type, layout);
        if (!spec.isDepthwise()) {
            return Optional.of("it takes as many groups and output channels as input channels");
        }
        if (layout == Layout.NCHW) {
            return refusalOfFilter(spec, layout);
        }
        return refusalOfVectors(spec, layout).or(() -> DepthwiseVariant.fitsGrid(spec) ? Optional.empty()
                : Optional.of("with channels last it takes up to " + Launch.GRID_LIMIT_YZ + " taps and as many tiles of channels"));
    }
}
