package separable.kernel;

/**
 * What a fused kernel reads as its input, made on load. Y: a raw convolution output, with the statistics [4][channels] that its producer
 * left: mean, biased variance, scale = gamma / sqrt(variance + epsilon), beta.
 */
public enum FusedInput {
    /** A tensor as it is. */
    RAW,
    /** {@code act(BN(Y))}. */
    NORM,
    /** {@code BN(Y) + skip}, a residual sum with a stored skip; its first reader also stores the sum. */
    SUM_RAW,
    /** {@code BN(Y) + BN(Y')}, a residual sum whose skip is the output of a normalisation; its first reader also stores the sum. */
    SUM_NORM;

    /** Whether Y and its statistics are read. */
    public boolean normalises() {
        return this != RAW;
    }

    /** Whether a skip is added and the sum stored. */
    public boolean sums() {
        return this == SUM_RAW || this == SUM_NORM;
    }
}
