package separable.spec;

/**
 * How the elements of an activation lie in memory, and with them those of a filter.
 *
 * <table>
 *   <caption>Memory order, the last index fastest</caption>
 *   <tr><th></th><th>activation</th><th>filter, depthwise</th><th>filter, other</th></tr>
 *   <tr><td>{@link #NHWC}</td><td>[N, H, W, C]</td><td>[KH, KW, C]</td><td>[Cout, KH, KW, Cin / groups]</td></tr>
 *   <tr><td>{@link #NCHW}</td><td>[N, C, H, W]</td><td>[C, KH, KW]</td><td>[Cout, Cin / groups, KH, KW]</td></tr>
 *   <tr><td>{@link #PADDED_NHWC}</td><td>[N, H, W, C']</td><td>[KH, KW, C']</td><td>[Cout', KH, KW, Cin']</td></tr>
 * </table>
 *
 * where C' is C rounded up as {@link Shape#channelStride()} does; the surplus elements are zero.
 */
public enum Layout {
    /** Channels last, nothing between pixels: PyTorch's channels_last, TensorFlow's default. */
    NHWC("nhwc"),
    /** Channels first: PyTorch's and cuDNN's default. */
    NCHW("nchw"),
    /** Channels last, each pixel rounded up to whole 16-byte vectors: what the layer graph stores. The same as NHWC when C is a multiple of 8. */
    PADDED_NHWC("padded-nhwc");

    private final String label;

    Layout(String label) {
        this.label = label;
    }

    /** Channels that a picture with {@code channels} has in memory. */
    public int storedChannels(int channels) {
        return this == PADDED_NHWC ? Shape.roundUp(channels) : channels;
    }

    /** Elements of an activation in memory. */
    public int elements(Shape shape) {
        return shape.rows() * storedChannels(shape.c());
    }

    /** Bytes of an activation in memory. */
    public long bytes(Shape shape, DType type) {
        return (long) elements(shape) * type.bytes();
    }

    /** Elements of a convolution's filter in memory, at most {@link Long#MAX_VALUE}; kernels can index 2^31 - 1 of them. */
    public long filterElements(ConvSpec spec) {
        long taps = (long) spec.kernelHeight() * spec.kernelWidth();
        if (spec.isDepthwise()) {
            return Shape.product(taps, storedChannels(spec.outputChannels()));
        }
        long filters = Shape.product(taps, storedChannels(spec.outputChannels()));
        return Shape.product(filters, storedChannels(spec.input().c() / spec.groups()));
    }

    /** The name users type and read: {@code nhwc}, {@code nchw}, {@code padded-nhwc}. */
    @Override
    public String toString() {
        return label;
    }

    /** @throws IllegalArgumentException naming the accepted labels */
    public static Layout parse(String label) {
        return Labels.parse(Layout.class, label, "layout");
    }
}
