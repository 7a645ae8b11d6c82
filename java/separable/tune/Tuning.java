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

    public Tuning withCache(TuningCache other) {
        return new Tuning(effort, workspaceLimit, Optional.of(other), listener);
    }

    public Tuning withoutCache() {
        return new Tuning(effort, workspaceLimit, Optional.empty(), listener);
    }

    public Tuning withWorkspaceLimit(long bytes) {
        return new Tuning(effort, bytes, cache, listener);
    }

    public Tuning withListener(Consumer<Decision> other) {
        return new Tuning(effort, workspaceLimit, cache, other);
    }
}
