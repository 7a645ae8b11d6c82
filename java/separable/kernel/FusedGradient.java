package separable.kernel;

import static java.util.Objects.requireNonNull;

import separable.spec.Activation;

/**
 * Where a fused backward kernel finds G, the gradient behind the normalisation and activation of its convolution's output.
 *
 * @param pooled     whether it is made on load from dP, the gradient of a mean over all pixels; else it is stored, its mask applied
 * @param activation of a pooled one, whose mask is applied on load; NONE for a stored one
 */
public record FusedGradient(boolean pooled, Activation activation) {

    /** Stored by the kernel before. */
    public static final FusedGradient STORED = new FusedGradient(false, Activation.NONE);

    public FusedGradient {
        requireNonNull(activation, "activation");
        if (!pooled && activation != Activation.NONE) {
            throw new IllegalArgumentException("a stored gradient has its mask applied: its activation is NONE, not " + activation);
        }
    }

    /** Behind a mean over all pixels, which follows {@code activation}. */
    public static FusedGradient pooled(Activation activation) {
        return new FusedGradient(true, activation);
    }
}
