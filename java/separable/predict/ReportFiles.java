package separable.predict;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import separable.predict.ModelReport.Answer;
import separable.train.Evaluation;

/** A report as text for programs. A class without a figure (nothing taken for it, or no pictures) has an empty cell, and null in JSON. */
public final class ReportFiles {

    public static final String JSON = "evaluation.json";
    public static final String CLASSES = "classes.csv";
    public static final String CONFUSION = "confusion.csv";
    public static final String ANSWERS = "predictions.csv";

    /** The column of what a network with more outputs than classes says. */
    private static final String OTHER = "(no class)";

    private static final Gson GSON = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().serializeNulls().create();

    private ReportFiles() {
    }

    /** One object: what was measured, loss and hits, and a list of the classes. */
    public static String json(ModelReport report) {
        Evaluation figures = report.figures();
        Confusion confusion = report.confusion();
        Map<String, Object> top = new LinkedHashMap<>();
        top.put("run", report.run().toString());
        top.put("dataset", report.dataset());
        top.put("pictures", figures.count());
        top.put("loss", orNull(figures.loss()));
        top.put("top1", figures.top1());
        top.put("top5", figures.top5());
        top.put("top1Share", figures.accuracy());
        top.put("top5Share", figures.topFive());
        top.put("meanPrecision", orNull(report.meanPrecision()));
        top.put("meanRecall", orNull(report.meanRecall()));
        List<Map<String, Object>> classes = new ArrayList<>();
        for (int index = 0; index < confusion.classes().size(); index++) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("name", confusion.classes().get(index));
            one.put("precision", orNull(confusion.precision(index)));
            one.put("recall", orNull(confusion.recall(index)));
            one.put("support", confusion.support(index));
            one.put("predictions", confusion.predictions(index));
            classes.add(one);
        }
        top.put("classes", classes);
        return GSON.toJson(top) + "\n";
    }

    private static Double orNull(double value) {
        return Double.isNaN(value) ? null : value;
    }

    /** A row a class: {@code class,precision,recall,support,predictions}. */
    public static String classes(Confusion confusion) {
        StringBuilder text = new StringBuilder("class,precision,recall,support,predictions\n");
        for (int index = 0; index < confusion.classes().size(); index++) {
            row(text, confusion.classes().get(index), confusion.precision(index), confusion.recall(index), confusion.support(index),
                    confusion.predictions(index));
        }
        return text.toString();
    }

    /** The matrix: a row for the pictures of each class, a column for what they were taken for. */
    public static String confusion(Confusion confusion) {
        int classes = confusion.classes().size();
        boolean others = false;
        for (int label = 0; label < classes; label++) {
            others |= confusion.other(label) > 0;
        }
        StringBuilder text = new StringBuilder();
        List<Object> cells = new ArrayList<>(List.of("label"));
        cells.addAll(confusion.classes());
        if (others) {
            cells.add(OTHER);
        }
        row(text, cells.toArray());
        for (int label = 0; label < classes; label++) {
            cells.clear();
            cells.add(confusion.classes().get(label));
            for (int predicted = 0; predicted < classes; predicted++) {
                cells.add(confusion.count(label, predicted));
            }
            if (others) {
                cells.add(confusion.other(label));
            }
            row(text, cells.toArray());
        }
        return text.toString();
    }

    /** A row a picture, in the data set's order: {@code picture,label,predicted,probability}, the first from 0. */
    public static String answers(ModelReport report) {
        List<String> classes = report.confusion().classes();
        StringBuilder text = new StringBuilder("picture,label,predicted,probability\n");
        for (int picture = 0; picture < report.answers().size(); picture++) {
            Answer answer = report.answers().get(picture);
            String predicted = answer.predicted() < classes.size() ? classes.get(answer.predicted()) : OTHER;
            row(text, picture, classes.get(answer.label()), predicted, answer.probability());
        }
        return text.toString();
    }

    private static void row(StringBuilder text, Object... cells) {
        for (int at = 0; at < cells.length; at++) {
            text.append(at == 0 ? "" : ",").append(cell(cells[at]));
        }
        text.append('\n');
    }

    /** Quoted as RFC 4180 has it where it must be. */
    private static String cell(Object value) {
        if (value instanceof Double number) {
            return number.isNaN() ? "" : String.format(Locale.ROOT, "%.6g", number);
        }
        String text = value.toString();
        return text.matches("(?s).*[\",\n\r].*") ? '"' + text.replace("\"", "\"\"") + '"' : text;
    }
}
