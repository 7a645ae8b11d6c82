package separable.bench;

import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.Function;
import separable.spec.Precision;
import separable.spec.Pass;

/** A report as text for people, at most {@link #WIDTH} columns wide. */
public final class KernelTable {

    static final int WIDTH = 110;

    private static final int NAME_WIDTH = 27;
    private static final String FORMAT = "%-" + NAME_WIDTH + "s %3s %-8s %10s %10s %5s %10s %14s %8s %6s%n";

    private KernelTable() {}

    public static String of(KernelReport report) {
        StringBuilder text = new StringBuilder();
        for (Precision precision : report.precisions()) {
            section(text, report, precision);
        }
        shortfalls(text, report);
        report.refused().forEach(line -> text.append("WRONG, and so not timed: ").append(line).append('\n'));
        return text.toString();
    }

    private static void section(StringBuilder text, KernelReport report, Precision precision) {
        Ceiling ceiling = report.ceilings().get(precision);
        text.append(String.format(Locale.ROOT, "%n%s: ceilings of this run: copy %s, matrix product %s%n", precision,
                Units.bandwidth(ceiling.copyBytesPerSecond()), Units.rate(ceiling.flopsPerSecond())));
        text.append(String.format(FORMAT, "shape", "x", "pass", "ours", "best", "+-", "cuDNN", "rate", "ceiling", "ratio"));
        for (KernelRow row : report.rows(precision)) {
            text.append(line(row, ceiling));
        }
        totals(text, report, precision);
        for (ConvFamily family : ConvFamily.values()) {
            List<KernelRow> rows = report.rows(precision, family);
            if (!rows.isEmpty()) {
                text.append(String.format(Locale.ROOT, "median of %d %s rows: %s of the ceiling, ratio to cuDNN %s%n", rows.size(), family,
                        Units.percent(report.medianShare(rows).getAsDouble()), ratio(report.medianRatio(rows))));
            }
        }
    }

    private static String line(KernelRow row, Ceiling ceiling) {
        boolean memory = row.memoryBound(ceiling);
        return String.format(Locale.ROOT, FORMAT, shortened(row.shape().name()), row.shape().count(), row.pass(), Units.time(row.ours().median()),
                row.best().equals(row.ours()) ? "=" : Units.time(row.best().median()), Units.percent(row.best().timing().spread() / 2),
                row.cudnn().map(timed -> Units.time(timed.median())).orElse("-"),
                memory ? Units.bandwidth(row.bytesPerSecond()) : Units.rate(row.flopsPerSecond()), Units.percent(row.share(ceiling)), ratio(row.ratio()));
    }

    private static void totals(StringBuilder text, KernelReport report, Precision precision) {
        boolean everywhere = report.rows(precision).stream().allMatch(row -> row.cudnn().isPresent());
        for (Pass pass : Pass.values()) {
            if (report.rows(precision).stream().anyMatch(row -> row.pass() == pass)) {
                double ours = report.total(precision, pass, row -> row.ours().median());
                double best = report.total(precision, pass, row -> row.best().median());
                OptionalDouble cudnn = everywhere ? OptionalDouble.of(report.total(precision, pass, row -> row.cudnn().get().median())) : OptionalDouble.empty();
                text.append(String.format(FORMAT, "all, as often as they occur", "", pass, Units.time(ours), Units.time(best), "",
                        cudnn.isPresent() ? Units.time(cudnn.getAsDouble()) : "-", "", "",
                        cudnn.isPresent() ? Units.digits(cudnn.getAsDouble() / best) : "-"));
            }
        }
    }

    private static void shortfalls(StringBuilder text, KernelReport report) {
        text.append('\n');
        report.noCudnnAtAll().ifPresent(reason -> text.append("cuDNN was not timed: ").append(reason).append('\n'));
        long large = report.rows().stream().filter(row -> row.shape().family() == ConvFamily.DEPTHWISE && row.cost().bytes() > KernelReport.LARGE_BYTES).count();
        list(text, report.belowCopyBandwidth(), large, "depthwise rows over 32 MB below " + Units.percent(KernelReport.LEAST_COPY_SHARE)
                + " of the copy bandwidth", row -> String.format(Locale.ROOT, "%.1f%%", 100 * report.share(row)));
        long compared = report.rows().stream().filter(row -> row.cudnn().isPresent()).count();
        list(text, report.slowerThanCudnn(), compared, "rows slower than cuDNN", row -> ratio(row.ratio()));
    }

    private static void list(StringBuilder text, List<KernelRow> rows, long of, String what, Function<KernelRow, String> figure) {
        text.append(rows.size()).append(" of ").append(of).append(' ').append(what).append('\n');
        for (KernelRow row : rows) {
            text.append("    ").append(row.label()).append(": ").append(figure.apply(row)).append('\n');
        }
    }

    private static String ratio(OptionalDouble ratio) {
        return ratio.isPresent() ? Units.digits(ratio.getAsDouble()) : "-";
    }

    private static String shortened(String name) {
        return name.length() <= NAME_WIDTH ? name : name.substring(0, NAME_WIDTH - 2) + "..";
    }
}
