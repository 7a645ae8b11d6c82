package separable.graph;

/** How a training step's ops are carried out. */
public enum Schedule {
    /** Every op by a kernel of its own: the oracle of the other. */
    PLAIN,
    /**
     * Of a [convolution, batch normalisation, activation] only the convolution's raw output is stored. Who reads it normalises on
     * load; who writes it gathers its statistics. The backward pass likewise, with the gradients of a convolution's input and
     * filter in one launch.
     */
    FUSED
}
