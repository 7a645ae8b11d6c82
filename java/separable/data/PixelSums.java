package separable.data;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Sums of pixels and of their squares, by channel: whole numbers, so that any order of adding gives the same. */
final class PixelSums {

    private static final int PICTURES_TOGETHER = 256;

    private final long[] sums;
    private final long[] squares;
    private long pixels;

    PixelSums(int channels) {
        this.sums = new long[channels];
        this.squares = new long[channels];
    }

    /** All pictures of a data set, read on all cores. */
    static PixelSums of(Dataset dataset) {
        int parts = (dataset.count() + PICTURES_TOGETHER - 1) / PICTURES_TOGETHER;
        return IntStream.range(0, parts).parallel().mapToObj(part -> ofPart(dataset, part))
                .reduce(new PixelSums(dataset.channels()), PixelSums::plus);
    }

    private static PixelSums ofPart(Dataset dataset, int part) {
        PixelSums sums = new PixelSums(dataset.channels());
        ByteBuffer picture = ByteBuffer.allocate(dataset.imageBytes());
        int end = (int) Math.min(dataset.count(), (part + 1L) * PICTURES_TOGETHER);
        for (int i = part * PICTURES_TOGETHER; i < end; i++) {
            Reading.picture(dataset, i, picture.clear());
            sums.add(picture.array());
        }
        return sums;
    }

    /** Adds a picture's unsigned bytes {@code [pixels, channels]}. */
    void add(byte[] picture) {
        int channels = sums.length;
        for (int c = 0; c < channels; c++) {
            long sum = 0;
            long square = 0;
            for (int i = c; i < picture.length; i += channels) {
                int value = picture[i] & 0xff;
                sum += value;
                square += value * value;
            }
            sums[c] += sum;
            squares[c] += square;
        }
        pixels += picture.length / channels;
    }

    /** Adds what was summed elsewhere. */
    void add(long morePixels, long[] moreSums, long[] moreSquares) {
        pixels += morePixels;
        for (int c = 0; c < sums.length; c++) {
            sums[c] += moreSums[c];
            squares[c] += moreSquares[c];
        }
    }

    private PixelSums plus(PixelSums other) {
        PixelSums both = new PixelSums(sums.length);
        both.add(pixels, sums, squares);
        both.add(other.pixels, other.sums, other.squares);
        return both;
    }

    long[] sums() {
        return sums.clone();
    }

    long[] squares() {
        return squares.clone();
    }

    /** Mean and deviation; a channel that never changes counts as one of deviation 1/255, or nothing could be divided by it. */
    PictureStatistics statistics() {
        List<Float> mean = new ArrayList<>();
        List<Float> deviation = new ArrayList<>();
        for (int c = 0; c < sums.length; c++) {
            mean.add((float) ((double) sums[c] / pixels / 255));
            double spread = deviation(c);
            deviation.add((float) ((spread > 0 ? spread : 1) / 255));
        }
        return new PictureStatistics(mean, deviation);
    }

    /** {@code sqrt(n * squares - sum^2) / n}; the difference of the two large numbers is taken exactly. */
    private double deviation(int channel) {
        BigInteger sum = BigInteger.valueOf(sums[channel]);
        BigInteger spread = BigInteger.valueOf(pixels).multiply(BigInteger.valueOf(squares[channel])).subtract(sum.multiply(sum));
        return new BigDecimal(spread).sqrt(MathContext.DECIMAL64).doubleValue() / pixels;
    }
}
