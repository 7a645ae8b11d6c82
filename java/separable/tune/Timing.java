package separable.tune;

import java.util.Arrays;
import java.util.Locale;

/**
 * What a {@link Stopwatch} saw of one contender: microseconds of one run, over all samples.
 *
 * @param median  half of the samples took less
 * @param lower   a quarter took less
 * @param upper   a quarter took more
 * @param samples taken, of {@code group} runs each
 * @param group   runs in a row between two events
 */
public record Timing(double median, double lower, double upper, int samples, int group) {

    public Timing {
        if (!(lower >= 0 && lower <= median && median <= upper) || samples < 1 || group < 1) {
            throw new IllegalArgumentException("timing of " + lower + " to " + upper + " with median " + median + " over " + samples
                    + " samples of " + group + " runs: quartiles in order and at least one sample are needed");
        }
    }

    /** @param samples microseconds of one run each, in any order */
    public static Timing of(double[] samples, int group) {
        double[] sorted = samples.clone();
        Arrays.sort(sorted);
        return new Timing(quantile(sorted, 0.5), quantile(sorted, 0.25), quantile(sorted, 0.75), sorted.length, group);
    }

    /** Between the two neighbours, in proportion. */
    private static double quantile(double[] sorted, double share) {
        double place = share * (sorted.length - 1);
        int below = (int) place;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }

    /** The distance between the quartiles as a share of the median: what outliers cannot move. */
    public double spread() {
        return median == 0 ? 0 : (upper - lower) / median;
    }

    /**
     * How far the median may be off, as a share of it: the half width of its notch, 1.57 IQR / sqrt(n) (McGill, Tukey and Larsen,
     * "Variations of Box Plots", 1978).
     */
    double uncertainty() {
        return 1.57 * spread() / Math.sqrt(samples);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.2f us (%.2f to %.2f, %d samples of %d)", median, lower, upper, samples, group);
    }
}
