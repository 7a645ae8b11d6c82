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
 * @param labels   a class index a picture
 */
public record TrainingBatch(int height, int width, int channels, byte[] pixels, int[] labels) {

    /** @param values {@code (pixel / 255 - mean) / deviation}, row-major over {@code shape} without surplus channels */
    static TrainingBatch of(Shape shape, float[] values, int[] labels, InputConfig input) {
        List<Float> mean = input.mean();
        List<Float> deviation = input.deviation();
        byte[] pixels = new byte[values.length];
        for (int at = 0; at < values.length; at++) {
            int channel = at % shape.c();
            long pixel = Math.round(255.0 * (values[at] * deviation.get(channel) + mean.get(channel)));
            pixels[at] = (byte) Math.max(0, Math.min(255, pixel));
        }
        return new TrainingBatch(shape.h(), shape.w(), shape.c(), pixels, labels);
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
