package separable.faults;

import java.util.function.Supplier;

/**
 * One public operation to be walked through.
 *
 * @param name        for reports
 * @param forgiving   whether it may do its work in spite of a failed call: a question left unanswered, or one of several ways
 * @param mostTurns   an operation of more driver calls than this has only so many of them fail, evenly spread, for each kind of fault
 * @param preparation makes what the operation needs, on a healthy device
 */
record Operation(String name, boolean forgiving, int mostTurns, Preparation preparation) {

    Operation(String name, Preparation preparation) {
        this(name, false, Integer.MAX_VALUE, preparation);
    }

    static Operation forgiving(String name, Preparation preparation) {
        return new Operation(name, true, Integer.MAX_VALUE, preparation);
    }

    Operation within(int turns) {
        return new Operation(name, forgiving, turns, preparation);
    }

    /** Everything before the faults. */
    interface Preparation {
        Action at(Workplace place) throws Exception;
    }

    /** What faults are put into; may be run again after it has failed. */
    interface Action {
        /** @return the numbers it has computed, read afterwards; equal from run to run */
        Supplier<Object> run() throws Exception;
    }
}
