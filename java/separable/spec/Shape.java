package separable.spec;

/**
 * An NHWC activation: {@code n} images of {@code h x w} pixels with {@code c} channels.
 *
 * <p>In memory a pixel holds {@link #channelStride()} channels, {@code c} rounded up to a multiple of
 * {@link #CHANNEL_MULTIPLE}; the surplus channels are zero, so that every kernel moves whole 16-byte vectors.
 */
public record Shape(int n, int h, int w, int c) {

    /** Stored channels come in multiples of this: 16 bytes of the 16-bit precisions. */
    public static final int CHANNEL_MULTIPLE = 8;

    public Shape {
        if (n < 1 || h < 1 || w < 1 || c < 1) {
            throw new IllegalArgumentException("shape " + n + "x" + h + "x" + w + "x" + c + ": every extent must be at least 1");
        }
        long pixels = product((long) n * h, w);
        if (pixels > Integer.MAX_VALUE || c > Integer.MAX_VALUE - CHANNEL_MULTIPLE || pixels * roundUp(c) > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("shape " + n + "x" + h + "x" + w + "x" + c + " stores more than " + Integer.MAX_VALUE
                    + " elements, which is what kernels can index with 32 bits: lower the batch");
        }
    }

    /** A matrix of {@code rows} vectors of {@code c} channels: what a dense layer sees. */
    public static Shape matrix(int rows, int c) {
        return new Shape(rows, 1, 1, c);
    }

    /** {@code channels} rounded up to a multiple of {@link #CHANNEL_MULTIPLE}. */
    public static int roundUp(int channels) {
        return Math.addExact(channels, CHANNEL_MULTIPLE - 1) / CHANNEL_MULTIPLE * CHANNEL_MULTIPLE;
    }

    /** {@code a * b} of two numbers that are not negative, or {@link Long#MAX_VALUE} where that is more. */
    static long product(long a, long b) {
        return b != 0 && a > Long.MAX_VALUE / b ? Long.MAX_VALUE : a * b;
    }

    /** Channels a pixel occupies in memory. */
    public int channelStride() {
        return roundUp(c);
    }

    /** Pixels over all images: the rows of the {@code [rows, channelStride]} matrix in memory. */
    public int rows() {
        return n * h * w;
    }

    /** Stored elements, surplus channels included. */
    public int elements() {
        return rows() * channelStride();
    }

    /** Stored bytes, surplus channels included. */
    public long bytes(DType type) {
        return (long) elements() * type.bytes();
    }

    public Shape withN(int images) {
        return new Shape(images, h, w, c);
    }

    @Override
    public String toString() {
        return n + "x" + h + "x" + w + "x" + c;
    }
}
