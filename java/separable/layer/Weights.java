package separable.layer;

import java.util.Objects;

/**
 * What a layer's filter and bias are, besides their extents.
 *
 * @param decay whether weight decay applies to the filter; it never does to a bias
 * @param bias  whether there is one, an output channel each, starting at 0
 */
public record Weights(Initial initial, boolean decay, boolean bias) {

    public Weights {
        Objects.requireNonNull(initial, "initial");
    }

    public static Weights withoutBias(Initial initial) {
        return new Weights(initial, true, false);
    }

    public static Weights withBias(Initial initial) {
        return new Weights(initial, true, true);
    }

    public Weights withoutDecay() {
        return new Weights(initial, false, bias);
    }
}
