package separable.train;

import java.util.ArrayDeque;
import java.util.Deque;

/** Things to be closed together, the newest first. */
final class Owned implements AutoCloseable {

    private final Deque<AutoCloseable> things = new ArrayDeque<>();

    /** Keeps {@code thing} until {@link #close}. */
    <T extends AutoCloseable> T keep(T thing) {
        things.push(thing);
        return thing;
    }

    /**
     * Closes everything because of {@code failure}, which stays the one that is told; what closing adds hangs on it.
     *
     * @return {@code failure}
     */
    RuntimeException closedAfter(RuntimeException failure) {
        try {
            close();
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
        return failure;
    }

    /** Closes everything even when one fails; the first failure is thrown at the end, with the others attached. */
    @Override
    public void close() {
        RuntimeException first = null;
        while (!things.isEmpty()) {
            AutoCloseable thing = things.pop();
            try {
                thing.close();
            } catch (Exception e) {
                if (first == null) {
                    first = e instanceof RuntimeException unchecked ? unchecked : new IllegalStateException("closing " + thing, e);
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
