package separable.graph;

import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import separable.spec.Products;
import separable.tune.Choice;

/**
 * The kernel that carries out one op.
 *
 * @param kernel         what it is, for the plan's table
 * @param workspaceBytes of scratch memory while the op runs
 * @param tickets        counters that are 0 between runs
 * @param choice         of a convolution, how the kernel was chosen, and the kernel itself, owned
 * @param binder         fixes the addresses; called once, when the plan is made
 */
record Candidate(String kernel, long workspaceBytes, int tickets, Optional<Choice> choice, Function<Addresses, Enqueue> binder)
        implements AutoCloseable {

    Candidate {
        Objects.requireNonNull(choice, "choice");
        Objects.requireNonNull(binder, "binder");
        if (workspaceBytes < 0 || tickets < 0) {
            throw new IllegalArgumentException(kernel + " asks for " + workspaceBytes + " bytes of workspace and " + tickets + " tickets");
        }
    }

    /** A kernel that needs addresses of tensors only. */
    static Candidate plain(Object kernel, Function<Addresses, Enqueue> binder) {
        return folding(kernel, 0, 0, binder);
    }

    static Candidate folding(Object kernel, long workspaceBytes, int tickets, Function<Addresses, Enqueue> binder) {
        return new Candidate(kernel.getClass().getSimpleName(), workspaceBytes, tickets, Optional.empty(), binder);
    }

    /** The same with its products named where they are not exact. */
    Candidate multiplying(Products products) {
        return new Candidate(kernel + (products == Products.EXACT ? "" : " " + products), workspaceBytes, tickets, choice, binder);
    }

    /** What a tuner chose; takes it over. */
    static Candidate chosen(Choice choice, Function<Addresses, Enqueue> binder) {
        return new Candidate(choice.decision().summary(), choice.candidate().workspaceBytes(), choice.candidate().tickets(),
                Optional.of(choice), binder);
    }

    @Override
    public void close() {
        choice.ifPresent(Choice::close);
    }
}
