package separable.train;

import java.util.List;

/** Argument checks of the configuration records, with one form of message: what, its value, what is possible. */
final class Check {

    private Check() {
    }

    static <T> T present(String what, T value) {
        if (value == null) {
            throw new IllegalArgumentException(what + " is missing");
        }
        return value;
    }

    /** NaN fails every comparison, so a caller's range also refuses it. */
    static void that(boolean holds, String what, Object value, String possible) {
        if (!holds) {
            throw new IllegalArgumentException(what + " " + value + ": must be " + possible);
        }
    }

    static void oneOf(String what, String value, List<String> possible) {
        if (!possible.contains(present(what, value))) {
            throw new IllegalArgumentException("unknown " + what + " '" + value + "': use " + String.join(", ", possible));
        }
    }
}
