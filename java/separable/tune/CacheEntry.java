package separable.tune;

import java.util.Objects;
import java.util.Optional;
import separable.tune.Decision.Score;

/**
 * What the cache knows of one problem.
 *
 * @param effort with which it was found
 * @param day    it was found or last known to be used, in days since 1970
 */
record CacheEntry(Effort effort, Score winner, Optional<Score> runnerUp, long day) {

    CacheEntry {
        Objects.requireNonNull(effort, "effort");
        Objects.requireNonNull(winner, "winner");
        Objects.requireNonNull(runnerUp, "runnerUp");
    }

    CacheEntry usedOn(long today) {
        return new CacheEntry(effort, winner, runnerUp, today);
    }

    /** Of two processes' results, that of more effort; among equals the newer, and then {@code other}. */
    CacheEntry or(CacheEntry other) {
        int order = effort == other.effort ? Long.compare(day, other.day) : effort.compareTo(other.effort);
        return order > 0 ? this : other;
    }
}
