package separable.train;

import java.util.Arrays;
import java.util.List;
import separable.spec.Shape;

/**
 * Pictures on their way into the network, with what was drawn for them; normalisation undone.
 *
 * @param height   rows of a picture
 * @param width    columns of a picture
 * @param channels bytes of a pixel
 * @param pixels   u8 {@code [batch, height, width, channels]}; what normalisation's rounding moves beyond 0 to 255 is cut off
 * @param labels   a class index a picture; of two that are mixed the one with the larger share, against which accuracy counts
 */
public record TrainingBatch(int height, int width, int channels, byte[] pixels, int[] labels) {

    /**
     * Undoes the normalisation, {@code (value * deviation + mean) * 255}, rounded.
     *
     * @param values  {@code (pixel / 255 - mean) / deviation}, row-major over {@code shape} without surplus channels
     * @param targets labels as {@link separable.kernel.SoftmaxCrossEntropy} takes them: one plane, or three where pictures are mixed
     */
    static TrainingBatch of(Shape shape, float[] values, int[] targets, InputConfig input) {
        List<Float> mean = input.mean();
        List<Float> deviation = input.deviation();
        byte[] pixels = new byte[values.length];
        for (int at = 0; at < values.length; at++) {
            int channel = at % shape.c();
            long pixel = Math.round(255.0 * (values[at] * deviation.get(channel) + mean.get(channel)));
            pixels[at] = (byte) Math.max(0, Math.min(255, pixel));
        }
        return new TrainingBatch(shape.h(), shape.w(), shape.c(), pixels, labels(targets, shape.n()));
    }

    /** Of mixed rows the label with the larger share, the first of equals. */
    private static int[] labels(int[] targets, int rows) {
        int[] labels = Arrays.copyOf(targets, rows);
        if (targets.length > rows) {
            for (int row = 0; row < rows; row++) {
                float share = Float.intBitsToFloat(targets[2 * rows + row]);
                labels[row] = share >= 0.5f ? targets[row] : targets[rows + row];
            }
        }
        return labels;
    }

    public int count() {
        return labels.length;
    }

    /** One picture's pixels, {@code [height, width, channels]}. */
    public byte[] picture(int index) {
        int bytes = height * width * channels;
        return Arrays.copyOfRange(pixels, index * bytes, (index + 1) * bytes);
    }
}
