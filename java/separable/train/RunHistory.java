package separable.train;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A run's figures so far, which {@code metrics.jsonl} has: a line for every evaluation, in their order, its {@code kind} first.
 *
 * @param epochs at the ends of epochs: lines of the kind {@code epoch}
 * @param steps  within epochs: lines of the kind {@code steps}
 */
public record RunHistory(List<EpochMetrics> epochs, List<StepEvaluation> steps) {

    private static final String EPOCH = "epoch";
    private static final String STEPS = "steps";

    private static final Gson GSON = new Gson();

    public RunHistory {
        epochs = List.copyOf(epochs);
        steps = List.copyOf(steps);
    }

    /** @throws TrainingException when {@code metrics} cannot be read or holds something else */
    public static RunHistory read(Path metrics) {
        List<EpochMetrics> epochs = new ArrayList<>();
        List<StepEvaluation> steps = new ArrayList<>();
        try {
            for (String text : Files.readAllLines(metrics)) {
                JsonObject line = JsonParser.parseString(text).getAsJsonObject();
                if (line.has("kind") && line.get("kind").getAsString().equals(EPOCH)) {
                    epochs.add(GSON.fromJson(line, EpochMetrics.class));
                } else {
                    steps.add(GSON.fromJson(line, StepEvaluation.class));
                }
            }
        } catch (IOException e) {
            throw new TrainingException(metrics + ": cannot be read (" + e.getMessage() + ")", e);
        } catch (JsonParseException | IllegalStateException e) {
            throw new TrainingException(metrics + ": is no file of a run's figures: delete it", e);
        }
        return new RunHistory(epochs, steps);
    }

    /** The text of the file. */
    String toLines() {
        StringBuilder text = new StringBuilder();
        for (int epoch = 1; epoch <= epochs.size() + 1; epoch++) {
            for (StepEvaluation line : steps) {
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
