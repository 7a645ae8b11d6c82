package separable.data;

import java.util.List;

/**
 * What pictures are normalised with, pixels taken as 0 to 1.
 *
 * @param mean      one number a channel
 * @param deviation standard deviation over all pixels, one number a channel, above 0
 */
public record PictureStatistics(List<Float> mean, List<Float> deviation) {

    public PictureStatistics {
        mean = List.copyOf(mean);
        deviation = List.copyOf(deviation);
        if (mean.isEmpty() || mean.size() != deviation.size() || !deviation.stream().allMatch(d -> d > 0)) {
            throw new IllegalArgumentException("mean " + mean + " and deviation " + deviation
                    + ": must have one number a channel each, deviations above 0");
        }
    }

    /** Reads all pictures, on all cores. The sums are whole numbers, so that the result is exact and the same in any order. */
    static PictureStatistics of(Dataset dataset) {
        return PixelSums.of(dataset).statistics();
    }
}
