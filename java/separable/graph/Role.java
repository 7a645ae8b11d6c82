package separable.graph;

/** What a tensor is for, which decides where it lives: in the plan's arena, in {@link Parameters} or in {@link FoldedWeights}. */
public enum Role {
    /** The batch of pictures; written by the caller before every step. */
    INPUT(true),
    /** One int32 class index a picture; written by the caller before every step. */
    LABELS(true),
    ACTIVATION(true),
    /** The loss's gradient with respect to an activation. */
    GRADIENT(true),
    /** A batch's mean and biased variance, fp32 {@code [2, Cp]}; in a fused schedule {@code [4, Cp]}: also scale and shift. */
    STATISTICS(true),
    /** What a fused batch normalisation's gradient needs of all its pixels, fp32 {@code [2, Cp]}: {@code dbeta/n} and {@code dgamma*inv/n}. */
    SUMS(true),
    /** Addends of a filter's gradient, fp32. */
    PARTIALS(true),
    PARAMETER(false),
    /** A parameter that stays as it is: it gets no gradient. */
    FROZEN_PARAMETER(false),
    /** A filter or bias with a batch normalisation in it; the plan makes it from parameters and running statistics. */
    FOLDED_PARAMETER(false),
    PARAMETER_GRADIENT(false),
    /** Running mean and unbiased variance, fp32 {@code [2, Cp]}. */
    RUNNING(false);

    private final boolean inArena;

    Role(boolean inArena) {
        this.inArena = inArena;
    }

    /** Whether the plan lays it out in its arena; the others belong to {@link Parameters} or {@link FoldedWeights}. */
    public boolean inArena() {
        return inArena;
    }
}
