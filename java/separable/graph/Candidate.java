package separable.graph;

import java.util.Objects;
import java.util.function.Function;

/**
 * One kernel that can carry out one op.
 *
 * @param kernel         its class, for the plan's table
 * @param workspaceBytes of scratch memory while the op runs
 * @param tickets        counters that are 0 between runs
 * @param binder         fixes the addresses; called once, when the plan is made
 */
record Candidate(String kernel, long workspaceBytes, int tickets, Function<Addresses, Enqueue> binder) {

    Candidate {
        Objects.requireNonNull(binder, "binder");
        if (workspaceBytes < 0 || tickets < 0) {
            throw new IllegalArgumentException(kernel + " asks for " + workspaceBytes + " bytes of workspace and " + tickets + " tickets");
        }
    }

    /** A kernel that needs addresses of tensors only. */
    static Candidate plain(Object kernel, Function<Addresses, Enqueue> binder) {
        return new Candidate(kernel.getClass().getSimpleName(), 0, 0, binder);
    }

    static Candidate folding(Object kernel, long workspaceBytes, int tickets, Function<Addresses, Enqueue> binder) {
        return new Candidate(kernel.getClass().getSimpleName(), workspaceBytes, tickets, binder);
    }
}
