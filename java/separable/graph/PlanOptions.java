package separable.graph;

/**
 * How a plan is made.
 *
 * @param reuseMemory whether tensors that are never alive together may share memory; without it every tensor keeps its
 *                    value until the next run, to be looked at with {@link Plan#read}
 */
public record PlanOptions(boolean reuseMemory) {

    public static PlanOptions standard() {
        return new PlanOptions(true);
    }

    /** For looking at intermediate values. */
    public static PlanOptions keepingEverything() {
        return new PlanOptions(false);
    }
}
