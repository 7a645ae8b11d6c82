package separable.kernel;

import separable.device.Launch;

/**
 * What a reduction over several CTAs folds with.
 *
 * @param bytes   of partial results, of any content
 * @param tickets ints that are 0 before the first use, and left 0
 */
record Fold(long bytes, int tickets) {

    /** Nothing is folded. */
    static final Fold NONE = new Fold(0, 0);

    /** Room for either, of launches that do not run at once. */
    Fold or(Fold other) {
        return new Fold(Math.max(bytes, other.bytes), Math.max(tickets, other.tickets));
    }

    /** Appends the two pointers. */
    Launch append(Launch launch) {
        return launch.fold(bytes, tickets);
    }
}
