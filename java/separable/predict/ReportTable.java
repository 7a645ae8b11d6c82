package separable.predict;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** A report for people: a row a class, and what each is mostly taken for when it is not recognised. */
public final class ReportTable {

    /** A network of more classes shows those it recognises worst. */
    static final int MOST_ROWS = 20;

    private ReportTable() {
    }

    public static String of(ModelReport report) {
        Confusion confusion = report.confusion();
        List<Integer> shown = shown(confusion);
        int width = Math.max(5, shown.stream().mapToInt(index -> confusion.classes().get(index).length()).max().orElse(0));
        StringBuilder text = new StringBuilder();
        text.append(String.format(Locale.ROOT, "%-" + width + "s  precision   recall  support  mostly mistaken for%n", "class"));
        for (int index : shown) {
            text.append(row(confusion.classes().get(index), width, confusion.precision(index), confusion.recall(index), confusion.support(index),
                    mistakenFor(confusion, index)));
        }
        text.append(row("mean", width, report.meanPrecision(), report.meanRecall(), report.figures().count(), ""));
        if (shown.size() < confusion.classes().size()) {
            text.append("these are the ").append(shown.size()).append(" of ").append(confusion.classes().size())
                    .append(" classes with the lowest recall: ").append(ReportFiles.CLASSES).append(" has them all").append(System.lineSeparator());
        }
        return text.toString();
    }

    private static List<Integer> shown(Confusion confusion) {
        int classes = confusion.classes().size();
        if (classes <= MOST_ROWS) {
            return IntStream.range(0, classes).boxed().toList();
        }
        return IntStream.range(0, classes).boxed().filter(index -> confusion.support(index) > 0)
                .sorted(Comparator.comparingDouble(confusion::recall)).limit(MOST_ROWS).toList();
    }

    private static String row(String name, int width, double precision, double recall, int support, String mistakenFor) {
        return String.format(Locale.ROOT, "%-" + width + "s  %9s %8s %8d  %s", name, share(precision), share(recall), support, mistakenFor).stripTrailing()
                + System.lineSeparator();
    }

    private static String share(double value) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.4f", value);
    }

    /** {@code Shirt (87)}: the class that most of its unrecognised pictures were taken for; empty when all were recognised. */
    private static String mistakenFor(Confusion confusion, int label) {
        int worst = -1;
        for (int predicted = 0; predicted < confusion.classes().size(); predicted++) {
            if (predicted != label && confusion.count(label, predicted) > (worst < 0 ? 0 : confusion.count(label, worst))) {
                worst = predicted;
            }
        }
        return worst < 0 ? "" : confusion.classes().get(worst) + " (" + confusion.count(label, worst) + ")";
    }
}
