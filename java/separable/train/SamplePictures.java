package separable.train;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import separable.picture.Picture;
import separable.spec.Shape;

/** A batch as the network sees it, back as pictures that people see. */
public final class SamplePictures {

    private SamplePictures() {
    }

    /**
     * The rows of a batch with the normalisation undone, {@code (value * deviation + mean) * 255}, rounded and cut off at 0 and 255.
     *
     * @param values {@code [n, h, w, c]} without surplus channels, as {@link separable.graph.Plan#read} gives a plan's input
     * @param batch  their shape, of 1 or 3 channels
     * @param input  what normalised them
     */
    public static List<Picture> of(float[] values, Shape batch, InputConfig input) {
        int size = batch.h() * batch.w() * batch.c();
        if (values.length != (long) batch.n() * size || input.channels() != batch.c()) {
            throw new IllegalArgumentException(values.length + " values, normalised over " + input.channels() + " channels, for a batch " + batch);
        }
        return IntStream.range(0, batch.n())
                .mapToObj(row -> new Picture(batch.h(), batch.w(), batch.c(), bytes(Arrays.copyOfRange(values, row * size, (row + 1) * size), input)))
                .toList();
    }

    private static byte[] bytes(float[] values, InputConfig input) {
        byte[] bytes = new byte[values.length];
        for (int at = 0; at < bytes.length; at++) {
            int channel = at % input.channels();
            float value = values[at] * input.deviation().get(channel) + input.mean().get(channel);
            bytes[at] = (byte) Math.max(0, Math.min(255, Math.round(255 * value)));
        }
        return bytes;
    }
}
