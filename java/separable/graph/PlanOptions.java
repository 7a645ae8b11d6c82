package separable.graph;

import java.util.Objects;
import separable.spec.Products;
import separable.tune.Tuning;

/**
 * How a plan is made.
 *
 * @param reuseMemory whether tensors that are never alive together may share memory; without it every tensor keeps its
 *                    value until the next run, to be looked at with {@link Plan#read}
 * @param tuning      how the kernels of convolutions are chosen. By rule, the same plan on the same device gives the same bits. What
 *                    measurement chooses may differ from machine to machine and, among equals, from time to time, and with it the order
 *                    of sums; the same choices, which a {@link separable.tune.TuningCache} keeps, give the same bits.
 * @param foldNorms   whether a plan without gradients puts batch normalisations into the filters before them, and what else follows a
 *                    convolution into its kernel, so that every activation is written once and read once. Values in between are then
 *                    not there to be read, {@link Plan#refresh} must hear of new weights, and the kernels of those convolutions are
 *                    chosen by rule whatever {@code tuning} says. Training plans are made without.
 * @param schedule    of a training step
 * @param foldAlike   of the plain schedule: whether its sums are taken in the fused one's order, by the kernels it would use for
 *                    that; the two then agree to the bit
 * @param products    of fp32 graphs: TF32 where there are kernels for it and the device has it
 */
public record PlanOptions(boolean reuseMemory, Tuning tuning, boolean foldNorms, Schedule schedule, boolean foldAlike, Products products) {

    public PlanOptions {
        Objects.requireNonNull(tuning, "tuning");
        Objects.requireNonNull(schedule, "schedule");
        Objects.requireNonNull(products, "products");
    }

    /** Chosen by rule, memory shared, the fused schedule for training, normalisations folded elsewhere. */
    public static PlanOptions standard() {
        return new PlanOptions(true, Tuning.off(), true, Schedule.FUSED, false, Products.EXACT);
    }

    /** For looking at intermediate values: nothing is folded. */
    public static PlanOptions keepingEverything() {
        return new PlanOptions(false, Tuning.off(), false, Schedule.PLAIN, false, Products.EXACT);
    }

    public PlanOptions withTuning(Tuning other) {
        return new PlanOptions(reuseMemory, other, foldNorms, schedule, foldAlike, products);
    }

    public PlanOptions withFoldedNorms(boolean fold) {
        return new PlanOptions(reuseMemory, tuning, fold, schedule, foldAlike, products);
    }

    public PlanOptions withSchedule(Schedule other) {
        return new PlanOptions(reuseMemory, tuning, foldNorms, other, foldAlike, products);
    }

    public PlanOptions withProducts(Products other) {
        return new PlanOptions(reuseMemory, tuning, foldNorms, schedule, foldAlike, other);
    }

    /** The plain schedule with the fused one's order of sums. */
    public PlanOptions foldingAlike() {
        return new PlanOptions(reuseMemory, tuning, foldNorms, Schedule.PLAIN, true, products);
    }
}
