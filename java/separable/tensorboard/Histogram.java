package separable.tensorboard;

/**
 * How many values fall where.
 *
 * @param min        smallest value
 * @param max        largest value
 * @param sum        of the values
 * @param sumSquares of the values
 * @param limits     upper ends of the buckets, not included, ascending; the first bucket begins at {@code min}
 * @param counts     values in each bucket
 */
record Histogram(double min, double max, double sum, double sumSquares, double[] limits, double[] counts) {

    private static final int BUCKETS = 64;

    /** Buckets of equal width from the smallest to the largest finite value; NaN and infinities are left out. */
    static Histogram of(float[] values) {
        double min = Double.POSITIVE_INFINITY;
        double max = Double.NEGATIVE_INFINITY;
        double sum = 0;
        double squares = 0;
        for (float value : values) {
            if (Float.isFinite(value)) {
                min = Math.min(min, value);
                max = Math.max(max, value);
                sum += value;
                squares += (double) value * value;
            }
        }
        if (min > max) {
            return new Histogram(0, 0, 0, 0, new double[] {Double.MIN_VALUE}, new double[1]);
        }
        // Values that are all alike have one bucket.
        int buckets = min == max ? 1 : BUCKETS;
        double[] limits = new double[buckets];
        for (int i = 0; i < buckets - 1; i++) {
            limits[i] = min + (max - min) * (i + 1) / buckets;
        }
        limits[buckets - 1] = Math.nextUp(max);
        return new Histogram(min, max, sum, squares, limits, count(values, min, max, limits));
    }

    private static double[] count(float[] values, double min, double max, double[] limits) {
        double[] counts = new double[limits.length];
        double scale = min == max ? 0 : limits.length / (max - min);
        for (float value : values) {
            if (Float.isFinite(value)) {
                int bucket = Math.min(limits.length - 1, (int) ((value - min) * scale));
                // The product above and the limits are rounded apart from each other.
                if (value >= limits[bucket]) {
                    bucket++;
                } else if (bucket > 0 && value < limits[bucket - 1]) {
                    bucket--;
                }
                counts[bucket]++;
            }
        }
        return counts;
    }

    /** Values counted. */
    double count() {
        double all = 0;
        for (double count : counts) {
            all += count;
        }
        return all;
    }
}
