package separable.kernel;

import separable.spec.DType;

/**
 * Where the scaling of the loss stands in a run: Micikevicius et al. 2018, "Mixed precision training", with the rule and the numbers of
 * PyTorch's {@code GradScaler}. fp16 holds nothing below 2^-24, so gradients of a loss as it is would vanish on their way back.
 *
 * @param factor    that the next step's loss is multiplied by: a power of two, so that scaling rounds nothing
 * @param goodSteps since it changed, or a step was skipped
 * @param skipped   steps since the run began that changed no weights, since their gradients were too large for fp16
 */
public record LossScale(float factor, int goodSteps, long skipped) {

    /** Of precisions that need none. */
    public static final LossScale NONE = new LossScale(1, 0, 0);

    /** Good steps after which the factor doubles; after a skipped one it halves at once. */
    public static final int GROWTH_INTERVAL = 2000;

    private static final LossScale FIRST = new LossScale(65536, 0, 0);

    public LossScale {
        if (!(factor > 0) || factor != Math.scalb(1f, Math.getExponent(factor)) || goodSteps < 0 || skipped < 0) {
            throw new IllegalArgumentException("a loss scale of " + factor + " after " + goodSteps + " good steps and " + skipped
                    + " skipped ones: expected a power of two, and numbers from 0 up");
        }
    }

    /** Where a run that stores activations and gradients in {@code type} begins. */
    public static LossScale first(DType type) {
        return type == DType.F16 ? FIRST : NONE;
    }
}
