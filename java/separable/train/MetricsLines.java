package separable.train;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;

/** The text of {@code metrics.jsonl}: a line for every evaluation, in their order, its {@code kind} first. */
final class MetricsLines {

    /** An epoch's end, with the fields of {@link EpochMetrics}. */
    static final String EPOCH = "epoch";
    /** Within an epoch, with the fields of {@link StepEvaluation}. */
    static final String STEPS = "steps";

    private static final Gson GSON = new Gson();

    private MetricsLines() {
    }

    static String of(List<EpochMetrics> epochs, List<StepEvaluation> evaluations) {
        StringBuilder text = new StringBuilder();
        for (int epoch = 1; epoch <= epochs.size() + 1; epoch++) {
            for (StepEvaluation line : evaluations) {
                if (line.epoch() == epoch) {
                    append(text, STEPS, line);
                }
            }
            if (epoch <= epochs.size()) {
                append(text, EPOCH, epochs.get(epoch - 1));
            }
        }
        return text.toString();
    }

    private static void append(StringBuilder text, String kind, Record figures) {
        JsonObject line = new JsonObject();
        line.addProperty("kind", kind);
        for (var field : GSON.toJsonTree(figures).getAsJsonObject().entrySet()) {
            line.add(field.getKey(), field.getValue());
        }
        text.append(GSON.toJson((JsonElement) line)).append('\n');
    }
}
