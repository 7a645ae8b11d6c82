package separable.train;

import java.util.List;
import separable.data.Dataset;
import separable.kernel.BatchSpec;
import separable.spec.Shape;

/**
 * What is done to pictures on their way into the network.
 *
 * @param mean      subtracted, by channel, pixels taken as 0 to 1
 * @param deviation divided by, by channel
 * @param centre    share of a picture's side that is looked at when nothing is drawn, about the middle: 0.875 where pictures are kept larger
 *                  than the network sees them, else 1
 * @param augment   of training pictures
 * @param stream    whether they stay on the host and come batch by batch even where all would fit on the device; the bits are the same
 *                  either way
 */
public record InputConfig(List<Float> mean, List<Float> deviation, float centre, AugmentConfig augment, boolean stream) {

    public InputConfig {
        mean = List.copyOf(Check.present("mean", mean));
        deviation = List.copyOf(Check.present("deviation", deviation));
        Check.that(!mean.isEmpty() && mean.size() == deviation.size(), "mean and deviation", mean + " and " + deviation,
                "one number a channel each");
        Check.that(deviation.stream().allMatch(d -> d > 0), "deviation", deviation, "above 0");
        Check.that(centre > 0 && centre <= 1, "centre", centre, "above 0 and at most 1");
        Check.present("augment", augment);
        boolean colourless = augment.saturation() == 0 && augment.hue() == 0;
        Check.that(colourless || mean.size() == 3, "saturation and hue", augment.saturation() + " and " + augment.hue(),
                "0 for pictures of " + mean.size() + " channels: they need red, green and blue");
    }

    /** Of whole pictures, of which nothing is drawn and which lie on the device where they fit. */
    public static InputConfig of(List<Float> mean, List<Float> deviation) {
        return new InputConfig(mean, deviation, 1, AugmentConfig.NONE, false);
    }

    public InputConfig withStatistics(List<Float> means, List<Float> deviations) {
        return new InputConfig(means, deviations, centre, augment, stream);
    }

    public InputConfig withStream(boolean streamed) {
        return new InputConfig(mean, deviation, centre, augment, streamed);
    }

    public int channels() {
        return mean.size();
    }

    public InputConfig withCentre(float share) {
        return new InputConfig(mean, deviation, share, augment, stream);
    }

    public InputConfig withAugment(AugmentConfig drawn) {
        return new InputConfig(mean, deviation, centre, drawn, stream);
    }

    /** How batches of {@code output} are made of a data set's pictures. @param ringRows as {@link BatchSpec} takes them */
    BatchSpec batch(Dataset dataset, int ringRows, Shape output) {
        return new BatchSpec(dataset.height(), dataset.width(), ringRows, output, mean, deviation, centre);
    }
}
