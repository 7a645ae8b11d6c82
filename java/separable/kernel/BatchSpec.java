package separable.kernel;

import java.util.List;
import java.util.Objects;
import separable.spec.Shape;

/**
 * What a batch is made from and what it becomes.
 *
 * @param height    rows of a stored picture
 * @param width     columns of a stored picture
 * @param ringRows  rows of the ring the pictures come from, at least the batch's; 0 for a whole data set
 * @param output    the batch: n rows of h x w pixels, with the pictures' channels, 1 to {@value #MAX_CHANNELS}
 * @param mean      subtracted, by channel, on the scale 0 to 1
 * @param deviation divided by, by channel, on the scale 0 to 1
 * @param centre    above 0 and at most 1: the share of each side, about the middle, that the output shows when nothing is drawn
 */
public record BatchSpec(int height, int width, int ringRows, Shape output, List<Float> mean, List<Float> deviation, float centre) {

    /** Channels a picture may have. */
    public static final int MAX_CHANNELS = 4;

    /** @throws IllegalArgumentException when they do not fit together */
    public BatchSpec {
        Objects.requireNonNull(output, "output");
        mean = List.copyOf(Objects.requireNonNull(mean, "mean"));
        deviation = List.copyOf(Objects.requireNonNull(deviation, "deviation"));
        if (height < 1 || width < 1 || output.c() > MAX_CHANNELS || (long) height * width * output.c() > Integer.MAX_VALUE) {
            throw refused(height, width, output, "a picture needs at least one pixel and from 1 to " + MAX_CHANNELS + " channels");
        }
        if (mean.size() != output.c() || deviation.size() != output.c()) {
            throw refused(height, width, output, mean.size() + " means and " + deviation.size() + " deviations for " + output.c() + " channels");
        }
        for (float each : deviation) {
            if (!(each > 0)) {
                throw refused(height, width, output, "deviation " + each + " must be above 0");
            }
        }
        if (!(centre > 0 && centre <= 1)) {
            throw refused(height, width, output, "centre " + centre + " must be above 0 and at most 1");
        }
        if (ringRows != 0 && ringRows < output.n()) {
            throw refused(height, width, output, "a ring of " + ringRows + " rows must hold at least one batch");
        }
    }

    private static IllegalArgumentException refused(int height, int width, Shape output, String why) {
        return new IllegalArgumentException("batch " + output + " of pictures " + height + "x" + width + ": " + why);
    }

    /** Rows of the part that is shown when nothing is drawn, in whole pixels. */
    int windowHeight() {
        return Math.max(1, Math.round(centre * height));
    }

    /** Its columns. */
    int windowWidth() {
        return Math.max(1, Math.round(centre * width));
    }

    /** What a channel's value, 0 to 255, is multiplied by. */
    float scale(int channel) {
        return channel < output.c() ? (float) (1 / (255.0 * deviation.get(channel))) : 0;
    }

    /** What is added after that. */
    float shift(int channel) {
        return channel < output.c() ? (float) (-(double) mean.get(channel) / deviation.get(channel)) : 0;
    }

    @Override
    public String toString() {
        return "batch " + output + " of pictures " + height + "x" + width;
    }
}
