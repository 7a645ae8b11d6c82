package separable.faults;

import java.util.function.Supplier;

/**
 * One public operation to be walked through.
 *
 * @param name for reports
 * @param preparation makes what the operation needs, on a healthy device
 */
record Operation(String name, Preparation preparation) {

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
