package separable.bench;

import java.util.Locale;
import separable.device.GraphNodes;
import separable.tune.Timing;

/** A measured step as a few lines for people. */
public final class StepText {

    private static final String LINE = "  %-14s %-10s %s%n";

    private StepText() {}

    public static String of(StepRow row, StepReport report) {
        Timing time = row.timing();
        String between = "between the quartiles, " + time.samples() + " samples of " + time.group() + (time.group() == 1 ? " step" : " steps");
        StepRow.Traffic traffic = row.traffic();
        return row.what() + System.lineSeparator()
                + line("images/s", Units.digits(row.imagesPerSecond(time.median())), range(row.imagesPerSecond(time.upper()), row.imagesPerSecond(time.lower())) + " " + between)
                + line("ms a step", Units.digits(time.median() / 1e3), range(time.lower() / 1e3, time.upper() / 1e3))
                + row.nodes().map(StepText::nodes).orElseGet(() -> line("launches", row.ops() + "", "of the plan, one by one: not captured"))
                + line("bytes moved", Units.bytes(row.bytesPerImage()), "an image (activations " + Units.bytes((double) traffic.activations() / row.what().batch())
                        + "); a step " + Units.bytes(traffic.forward()) + " forward, " + Units.bytes(traffic.backward()) + " backward, as the plan counts")
                + line("bandwidth", Units.bandwidth(row.bytesPerSecond()), Units.percent(report.copyShare(row)) + " of a copy's " + Units.bandwidth(report.copyBytesPerSecond()))
                + line("device memory", Units.bytes(row.memory().peak()), "at the peak, " + Units.bytes(row.memory().dataset()) + " of it the pictures")
                + (row.launches().isEmpty() ? "" : LaunchText.of(row, report));
    }

    private static String nodes(GraphNodes nodes) {
        return line("kernel nodes", nodes.kernels() + "", nodes.copies() + " copies, " + nodes.fills() + " fills"
                + (nodes.others() == 0 ? "" : ", " + nodes.others() + " others") + " beside them in the graph of a step");
    }

    private static String line(String name, String figure, String words) {
        return String.format(Locale.ROOT, LINE, name, figure, words);
    }

    private static String range(double from, double to) {
        return Units.digits(from) + " to " + Units.digits(to);
    }
}
