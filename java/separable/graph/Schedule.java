package separable.graph;

import separable.spec.Labels;

/** How a training step's ops are carried out. */
public enum Schedule {
    /** Every op by a kernel of its own: the oracle of the other. */
    PLAIN("plain"),
    /**
     * Of a [convolution, batch normalisation, activation] only the convolution's raw output is stored. Who reads it normalises on
     * load; who writes it gathers its statistics. The backward pass likewise, with the gradients of a convolution's input and
     * filter in one launch.
     */
    FUSED("fused");

    private final String label;

    Schedule(String label) {
        this.label = label;
    }

    /** The name users type and read: {@code plain}, {@code fused}. */
    @Override
    public String toString() {
        return label;
    }

    /** @throws IllegalArgumentException naming the accepted labels */
    public static Schedule parse(String label) {
        return Labels.parse(Schedule.class, label, "schedule");
    }
}
