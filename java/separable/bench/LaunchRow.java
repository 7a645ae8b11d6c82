package separable.bench;

import static java.util.Objects.requireNonNull;

import separable.graph.PlannedOp;
import separable.tune.Timing;

/** An op of a step, and its microseconds between two events on the stream. */
public record LaunchRow(PlannedOp op, Timing timing) {

    public LaunchRow {
        requireNonNull(op, "op");
        requireNonNull(timing, "timing");
    }

    /** Of what the op moves at least. */
    public double bytesPerSecond() {
        return timing.median() == 0 ? 0 : 1e6 * op.traffic().bytes() / timing.median();
    }

    /** Two a multiply-add. */
    public double flopsPerSecond() {
        return timing.median() == 0 ? 0 : 2e6 * op.multiplyAdds() / timing.median();
    }
}
