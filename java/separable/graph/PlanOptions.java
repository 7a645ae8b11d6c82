package separable.graph;

import java.util.Objects;
import separable.tune.Tuning;

/**
 * How a plan is made.
 *
 * @param reuseMemory whether tensors that are never alive together may share memory; without it every tensor keeps its
 *                    value until the next run, to be looked at with {@link Plan#read}
 * @param tuning      how the kernels of convolutions are chosen. By rule, the same plan on the same device gives the same bits. What
 *                    measurement chooses may differ from machine to machine and, among equals, from time to time, and with it the order
 *                    of sums; the same choices, which a {@link separable.tune.TuningCache} keeps, give the same bits.
 */
public record PlanOptions(boolean reuseMemory, Tuning tuning) {

    public PlanOptions {
        Objects.requireNonNull(tuning, "tuning");
    }

    public static PlanOptions standard() {
        return new PlanOptions(true, Tuning.off());
    }

    /** For looking at intermediate values. */
    public static PlanOptions keepingEverything() {
        return new PlanOptions(false, Tuning.off());
    }

    public PlanOptions withTuning(Tuning other) {
        return new PlanOptions(reuseMemory, other);
    }
}
