package separable.spec;

import static java.util.Objects.requireNonNull;

/**
 * One convolution problem: input shape, output channels, filter, stride, dilation, padding and groups.
 *
 * <p>Filters in memory, with channel counts rounded up as in {@link Shape}: depthwise {@code [KH, KW, C]}; pointwise
 * {@code [Cout, Cin]}; any other {@code [Cout, KH, KW, Cin]}.
 */
public record ConvSpec(Shape input, int outputChannels, int kernelHeight, int kernelWidth, int stride, int dilation,
                       Padding padding, int groups) {

    /**
     * @throws IllegalArgumentException when an extent is below 1, the groups do not divide the channels, the window does not fit, or
     *     the output has more elements than kernels can index
     */
    public ConvSpec {
        requireNonNull(input, "input");
        requireNonNull(padding, "padding");
        if (outputChannels < 1 || kernelHeight < 1 || kernelWidth < 1 || stride < 1 || dilation < 1 || groups < 1) {
            throw new IllegalArgumentException("convolution of " + input + " to " + outputChannels + " channels, kernel "
                    + kernelHeight + "x" + kernelWidth + ", stride " + stride + ", dilation " + dilation + ", groups " + groups
                    + ": every one must be at least 1");
        }
        if (input.c() % groups != 0 || outputChannels % groups != 0) {
            throw new IllegalArgumentException("convolution with " + groups + " groups: both " + input.c() + " input and "
                    + outputChannels + " output channels must be multiples of it");
        }
        long height = paddedHeight(input, padding);
        long width = paddedWidth(input, padding);
        if (height > Integer.MAX_VALUE || width > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a picture of " + input + " with " + padding + " has " + height + "x" + width
                    + " pixels; kernels count with 32 bits, so at most " + Integer.MAX_VALUE + " a side are possible");
        }
        int rows = extent(height, kernelHeight, stride, dilation);
        int columns = extent(width, kernelWidth, stride, dilation);
        if (rows < 1 || columns < 1) {
            throw new IllegalArgumentException("a " + kernelHeight + "x" + kernelWidth + " kernel with dilation " + dilation
                    + " does not fit the padded picture of " + input + " with " + padding + ": use a larger resolution");
        }
        new Shape(input.n(), rows, columns, outputChannels);    // refuses an output that kernels could not index
    }

    /** A depthwise convolution with channel multiplier 1. */
    public static ConvSpec depthwise(Shape input, int kernel, int stride, int dilation, Padding padding) {
        return new ConvSpec(input, input.c(), kernel, kernel, stride, dilation, padding, input.c());
    }

    /** A 1x1 convolution; on {@link Shape#matrix} a dense layer. */
    public static ConvSpec pointwise(Shape input, int outputChannels) {
        return new ConvSpec(input, outputChannels, 1, 1, 1, 1, Padding.NONE, 1);
    }

    /** A convolution in which every output channel sees every input channel. */
    public static ConvSpec full(Shape input, int outputChannels, int kernel, int stride, int dilation, Padding padding) {
        return new ConvSpec(input, outputChannels, kernel, kernel, stride, dilation, padding, 1);
    }

    private static long paddedHeight(Shape input, Padding padding) {
        return (long) input.h() + padding.top() + padding.bottom();
    }

    private static long paddedWidth(Shape input, Padding padding) {
        return (long) input.w() + padding.left() + padding.right();
    }

    private static int extent(long padded, int kernel, int stride, int dilation) {
        return (int) Math.max(0, Math.floorDiv(padded - (kernel - 1L) * dilation - 1, stride) + 1);
    }

    /** Shape of the result: a pixel for every place where the whole window lies inside the padded picture. */
    public Shape output() {
        return new Shape(input.n(),
                extent(paddedHeight(input, padding), kernelHeight, stride, dilation),
                extent(paddedWidth(input, padding), kernelWidth, stride, dilation),
                outputChannels);
    }

    /** Whether every channel has a filter of its own, channel multiplier 1; true of a convolution from one channel to one. */
    public boolean isDepthwise() {
        return groups == input.c() && outputChannels == input.c();
    }

    /** Whether every pixel is a matrix product of its own: one tap, stride 1, no padding, one group. */
    public boolean isPointwise() {
        return groups == 1 && kernelHeight == 1 && kernelWidth == 1 && stride == 1 && padding.equals(Padding.NONE);
    }

    /** Multiply-adds of the forward pass, as papers count them: taps in the padding included, surplus stored channels not. */
    public long multiplyAdds() {
        Shape out = output();
        return (long) out.rows() * outputChannels * kernelHeight * kernelWidth * (input.c() / groups);
    }

    @Override
    public String toString() {
        return input + " -> " + output() + " kernel " + kernelHeight + "x" + kernelWidth + " stride " + stride
                + " dilation " + dilation + " " + padding + " groups " + groups;
    }
}
