package separable.train;

import java.util.List;
import separable.data.KnownDataset;

/**
 * Which pictures, and what is done to them on their way into the network.
 *
 * @param dataset   a {@link KnownDataset}'s label
 * @param folder    where its files lie
 * @param mean      subtracted, by channel, pixels taken as 0 to 1
 * @param deviation divided by, by channel
 * @param flip      whether training pictures are mirrored left to right with probability one half
 * @param crop      zero pixels added on every side before a random crop to the old size; 0 for none
 */
public record DataConfig(String dataset, String folder, List<Float> mean, List<Float> deviation, boolean flip, int crop) {

    public DataConfig {
        KnownDataset.parse(Check.present("dataset", dataset));
        Check.present("folder", folder);
        mean = List.copyOf(Check.present("mean", mean));
        deviation = List.copyOf(Check.present("deviation", deviation));
        Check.that(!mean.isEmpty() && mean.size() == deviation.size(), "mean and deviation", mean + " and " + deviation,
                "one number a channel each");
        Check.that(deviation.stream().allMatch(d -> d > 0), "deviation", deviation, "above 0");
        Check.that(crop >= 0 && crop <= 64, "crop", crop, "0 to 64");
    }

    public KnownDataset known() {
        return KnownDataset.parse(dataset);
    }
}
