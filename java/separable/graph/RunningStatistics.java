package separable.graph;

import separable.spec.Shape;

/**
 * Running mean and unbiased variance of one batch normalisation, saved as {@code NAME.running_mean},
 * {@code NAME.running_var} and {@code NAME.num_batches_tracked}; stored fp32 {@code [2, Cp]}.
 */
public record RunningStatistics(String name, int channels) implements StateEntry {

    public RunningStatistics {
        if (channels < 1) {
            throw new IllegalArgumentException(name + ": running statistics of " + channels + " channels");
        }
    }

    public String meanName() {
        return name + ".running_mean";
    }

    public String varianceName() {
        return name + ".running_var";
    }

    public String counterName() {
        return name + ".num_batches_tracked";
    }

    @Override
    public Shape storage() {
        return new Shape(2, 1, 1, channels);
    }
}
