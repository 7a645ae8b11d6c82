package separable.tune;

import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * How kernels are chosen.
 *
 * @param effort         how much is measured
 * @param workspaceLimit bytes of scratch memory that a candidate may need
 * @param cache          remembers results from run to run; empty to measure anew
 * @param listener       hears of every problem measured or remembered, on the thread that tunes: tuning a network may take many seconds
 */
public record Tuning(Effort effort, long workspaceLimit, Optional<TuningCache> cache, Consumer<Decision> listener) {

    /** What {@link #off} and {@link #of} allow a candidate: 256 MiB. */
    public static final long WORKSPACE_LIMIT = 256L << 20;

    public Tuning {
        Objects.requireNonNull(effort, "effort");
        Objects.requireNonNull(cache, "cache");
        Objects.requireNonNull(listener, "listener");
        if (workspaceLimit < 0) {
            throw new IllegalArgumentException("workspace limit " + workspaceLimit + ": must be at least 0 bytes");
        }
    }

    /** By rule, nothing measured. */
    public static Tuning off() {
        return of(Effort.OFF);
    }

    /** With the user's own cache, which {@link Effort#OFF} does not look at. */
    public static Tuning of(Effort effort) {
        return new Tuning(effort, WORKSPACE_LIMIT, effort == Effort.OFF ? Optional.empty() : Optional.of(TuningCache.ofUser()), decision -> { });
    }

    /** The same with {@code other} to keep results in; {@link Effort#OFF} leaves it alone. */
    public Tuning withCache(TuningCache other) {
        return new Tuning(effort, workspaceLimit, Optional.of(other), listener);
    }

    /** The same, measuring every problem anew and keeping nothing. */
    public Tuning withoutCache() {
        return new Tuning(effort, workspaceLimit, Optional.empty(), listener);
    }

    /**
     * The same with candidates left out that need more than {@code bytes} of scratch memory; by rule too.
     *
     * @throws IllegalArgumentException when {@code bytes} is negative
     */
    public Tuning withWorkspaceLimit(long bytes) {
        return new Tuning(effort, bytes, cache, listener);
    }

    /** The same with {@code other} told, in place of the listener before, of every problem measured or remembered. */
    public Tuning withListener(Consumer<Decision> other) {
        return new Tuning(effort, workspaceLimit, cache, other);
    }
}
