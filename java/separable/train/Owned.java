package separable.train;

import java.util.ArrayList;
import java.util.List;
import separable.device.Closing;

/** Things to be closed together, the newest first. */
public final class Owned implements AutoCloseable {

    private final List<AutoCloseable> things = new ArrayList<>();

    /** Keeps {@code thing} until {@link #close}. */
    public <T extends AutoCloseable> T keep(T thing) {
        things.add(thing);
        return thing;
    }

    /**
     * Closes everything because of {@code failure}, which stays the one that is told; what closing adds hangs on it.
     *
     * @return {@code failure}
     */
    public RuntimeException closedAfter(RuntimeException failure) {
        return Closing.after(failure, List.of(this));
    }

    /** Closes everything even when one fails; the first failure is thrown at the end, with the others attached. */
    @Override
    public void close() {
        Closing.all(things);
    }
}
