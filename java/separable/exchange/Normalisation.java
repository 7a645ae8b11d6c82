package separable.exchange;

/** A batch normalisation with running statistics, by channel: {@code (x - mean) * gamma / sqrt(variance + epsilon) + beta}. */
record Normalisation(float[] gamma, float[] beta, float[] mean, float[] variance, float epsilon) {

    double scale(int channel) {
        return gamma[channel] / Math.sqrt((double) variance[channel] + epsilon);
    }

    /** What becomes of {@code x}, in double precision. */
    double of(double x, int channel) {
        return (x - mean[channel]) * scale(channel) + beta[channel];
    }
}
