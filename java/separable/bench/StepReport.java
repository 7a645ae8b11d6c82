package separable.bench;

import java.util.List;
import java.util.Objects;

/**
 * Everything one run measured of training steps.
 *
 * @param whole              whether every case asked for is there
 * @param copyBytesPerSecond of a copy from device to device in the same run, read and written
 */
public record StepReport(RunInfo info, boolean whole, double copyBytesPerSecond, List<StepRow> rows) {

    public StepReport {
        Objects.requireNonNull(info, "info");
        rows = List.copyOf(rows);
        if (!(copyBytesPerSecond > 0)) {
            throw new IllegalArgumentException("a copy of " + copyBytesPerSecond + " bytes/s: it must be above 0");
        }
    }

    /** What a step moves a second, as a share of what a copy moves. */
    public double copyShare(StepRow row) {
        return row.bytesPerSecond() / copyBytesPerSecond;
    }
}
