package separable.bench;

import java.util.Objects;
import separable.tune.Timing;

/** What one contender took. */
public record Timed(String contender, Timing timing) {

    public Timed {
        Objects.requireNonNull(contender, "contender");
        if (!(timing.median() > 0)) {
            throw new IllegalArgumentException(contender + " took " + timing.median() + " us: the clock is too coarse for it");
        }
    }

    /** Microseconds of one run. */
    public double median() {
        return timing.median();
    }
}
