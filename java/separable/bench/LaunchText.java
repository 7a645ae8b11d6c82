package separable.bench;

import java.util.List;
import java.util.Locale;

/** The ops of a measured step as a table for people. */
final class LaunchText {

    private static final String ROW = "  %-24s %-22s %10s %6s %10s %12s %7s %14s  %s%n";

    private LaunchText() {}

    static String of(StepRow row, StepReport report) {
        List<LaunchRow> launches = row.launches();
        double total = launches.stream().mapToDouble(each -> each.timing().median()).sum();
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, ROW, "layer", "operation", "time", "share", "moved", "bandwidth", "of copy", "arithmetic", "kernel"));
        for (LaunchRow each : launches) {
            text.append(String.format(Locale.ROOT, ROW, each.op().traffic().layer(), each.op().traffic().op(), Units.time(each.timing().median()),
                    String.format(Locale.ROOT, "%.1f%%", 100 * each.timing().median() / total), Units.bytes(each.op().traffic().bytes()), Units.bandwidth(each.bytesPerSecond()),
                    Units.percent(each.bytesPerSecond() / report.copyBytesPerSecond()), each.op().multiplyAdds() == 0 ? "-" : Units.rate(each.flopsPerSecond()),
                    each.op().kernel()));
        }
        return text.append(String.format(Locale.ROOT, "  %d ops one by one: %s; a step as a whole: %s%n", launches.size(), Units.time(total),
                Units.time(row.timing().median()))).toString();
    }
}
