package separable.spec;

/** Rows and columns of zeros around a picture, per side, in pixels. */
public record Padding(int top, int left, int bottom, int right) {

    public static final Padding NONE = new Padding(0, 0, 0, 0);

    public Padding {
        if (top < 0 || left < 0 || bottom < 0 || right < 0) {
            throw new IllegalArgumentException("padding " + top + "," + left + "," + bottom + "," + right + ": no side may be negative");
        }
    }

    /** The same number of zeros on every side, as PyTorch pads. */
    public static Padding symmetric(int pixels) {
        return new Padding(pixels, pixels, pixels, pixels);
    }

    /**
     * TensorFlow's SAME: the output has {@code ceil(size / stride)} pixels, and an odd surplus goes to the bottom and
     * right. At stride 2 an even size with a 3x3 kernel therefore pads 0 before and 1 after.
     */
    public static Padding same(int height, int width, int kernelHeight, int kernelWidth, int stride, int dilation) {
        int vertical = sameTotal(height, kernelHeight, stride, dilation);
        int horizontal = sameTotal(width, kernelWidth, stride, dilation);
        return new Padding(vertical / 2, horizontal / 2, vertical - vertical / 2, horizontal - horizontal / 2);
    }

    /** {@code padding 1} when all sides are alike, else {@code padding top 0 left 0 bottom 1 right 1}. */
    @Override
    public String toString() {
        return equals(symmetric(top)) ? "padding " + top : "padding top " + top + " left " + left + " bottom " + bottom + " right " + right;
    }

    private static int sameTotal(int size, int kernel, int stride, int dilation) {
        int output = (size + stride - 1) / stride;
        return Math.max(0, (output - 1) * stride + (kernel - 1) * dilation + 1 - size);
    }
}
