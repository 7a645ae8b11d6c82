package separable.kernel;

/** Range checks of the numbers an optimiser is set up with. */
public final class HyperParameters {

    private HyperParameters() {
    }

    /** @throws IllegalArgumentException unless {@code value} is in [0, 1) */
    public static void requireFraction(String what, float value) {
        if (!(value >= 0 && value < 1)) {
            throw new IllegalArgumentException(what + " " + value + ": it must be at least 0 and below 1");
        }
    }

    /** @throws IllegalArgumentException unless {@code value} is finite and at least 0 */
    public static void requireNotNegative(String what, float value) {
        if (!(value >= 0 && value < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(what + " " + value + ": it must be finite and at least 0");
        }
    }

    /** @throws IllegalArgumentException unless {@code value} is finite and above 0 */
    public static void requirePositive(String what, float value) {
        if (!(value > 0 && value < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(what + " " + value + ": it must be finite and above 0");
        }
    }
}
