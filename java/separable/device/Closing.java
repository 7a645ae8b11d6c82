package separable.device;

import java.util.List;

/** Closes several things together: after a lost context every close fails, and none of them may be left out for that. */
public final class Closing {

    private Closing() {
    }

    /**
     * Closes all because of {@code failure}, which stays the one that is told; what closing adds hangs on it.
     *
     * @return {@code failure}, to be thrown on
     */
    public static <T extends Throwable> T after(T failure, List<? extends AutoCloseable> things) {
        try {
            all(things);
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
        return failure;
    }

    /** Closes all, the last first, even when some fail; the first failure is thrown at the end, with the others attached. */
    public static void all(List<? extends AutoCloseable> things) {
        RuntimeException first = null;
        for (int i = things.size() - 1; i >= 0; i--) {
            try {
                things.get(i).close();
            } catch (Exception e) {
                if (first == null) {
                    first = e instanceof RuntimeException unchecked ? unchecked : new IllegalStateException("closing " + things.get(i), e);
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
