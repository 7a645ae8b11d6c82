package separable.predict;

import java.util.Locale;

/**
 * One of the network's outputs for a picture.
 *
 * @param index       of the class
 * @param label       its name
 * @param probability 0 to 1
 */
public record Prediction(int index, String label, double probability) {

    /** {@code cat 91.2%} */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%s %.1f%%", label, 100 * probability);
    }
}
