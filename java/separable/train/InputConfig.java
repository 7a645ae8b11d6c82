package separable.train;

import java.util.List;

/**
 * What is done to pictures on their way into the network.
 *
 * @param mean      subtracted, by channel, pixels taken as 0 to 1
 * @param deviation divided by, by channel
 * @param flip      whether training pictures are mirrored left to right with probability one half
 * @param crop      black pixels added on every side of a training picture before a random crop to the old size; 0 for none
 */
public record InputConfig(List<Float> mean, List<Float> deviation, boolean flip, int crop) {

    public InputConfig {
        mean = List.copyOf(Check.present("mean", mean));
        deviation = List.copyOf(Check.present("deviation", deviation));
        Check.that(!mean.isEmpty() && mean.size() == deviation.size(), "mean and deviation", mean + " and " + deviation,
                "one number a channel each");
        Check.that(deviation.stream().allMatch(d -> d > 0), "deviation", deviation, "above 0");
        Check.that(crop >= 0 && crop <= 64, "crop", crop, "0 to 64");
    }

    public int channels() {
        return mean.size();
    }

    static float[] array(List<Float> values) {
        float[] array = new float[values.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = values.get(i);
        }
        return array;
    }
}
