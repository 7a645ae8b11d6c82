package separable.train;

import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import separable.graph.StateValue;
import separable.kernel.LossScale;
import separable.optim.Schedule;
import separable.tensorboard.EventFile;

/**
 * Writes what TensorBoard shows into a folder: figures of training under {@code train/}, of evaluations within epochs under {@code steps/}
 * and at their ends under {@code epoch/}, the configuration as hyper-parameters, and every few epochs histograms of
 * {@code weights/} and {@code gradients/}, and {@code samples/} as the network saw them. A run that goes on adds a file, which voids what
 * the others say of the steps that are done again.
 *
 * <p>A folder that cannot be written when the run starts ends it; training outlives a disk that fills up later: the listener says so
 * once, and writes no more.
 */
public final class TensorBoardListener implements TrainListener, AutoCloseable {

    private static final int SAMPLES = 8;

    private final Path folder;
    private final int epochsBetween;
    private final Consumer<String> warning;
    private boolean failed;
    private EventFile file;
    private RunContext run;
    private Schedule schedule;
    private long stepsBefore;
    private Evaluation reported;
    private double reportedSeconds;
    /** Null in precisions that need none. */
    private LossScale scale;

    /**
     * @param epochsBetween epochs from histograms and samples to the next ones; 0 for none
     * @param warning       is told in one line when events can no longer be written
     */
    public TensorBoardListener(Path folder, int epochsBetween, Consumer<String> warning) {
        Check.that(epochsBetween >= 0, "epochs between histograms", epochsBetween, "0 or more");
        this.folder = folder;
        this.epochsBetween = epochsBetween;
        this.warning = warning;
    }

    private interface Writing {
        void to(EventFile events) throws IOException;
    }

    /** A record that was cut off ends what readers see of a file: nothing may follow it. */
    private void write(Writing writing) {
        if (failed) {
            return;
        }
        try {
            writing.to(file);
        } catch (IOException e) {
            fail(e);
        }
    }

    private void fail(IOException e) {
        if (!failed) {
            failed = true;
            warning.accept("the run goes on without events for TensorBoard: " + reason(e));
        }
    }

    private String reason(IOException e) {
        return "cannot write TensorBoard's events to " + folder + ": " + (e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage())
                + ": make room there or name another folder";
    }

    @Override
    public void runStarted(RunContext started) {
        if (file != null) {
            throw new IllegalStateException("a listener for TensorBoard serves one run");
        }
        run = started;
        try {
            file = new EventFile(folder, started.steps() == 0 ? 0 : started.steps() + 1);
        } catch (IOException e) {
            throw new TrainingException(reason(e), e);
        }
        write(events -> events.hyperParameters(hyperParameters(started.config())));
    }

    /** Every value of the configuration by its path: {@code recipe.optimizer.name}; lists as text. */
    private static Map<String, Object> hyperParameters(RunConfig config) {
        Map<String, Object> values = new TreeMap<>();
        collect("", JsonParser.parseString(config.toJson()), values);
        return values;
    }

    private static void collect(String name, JsonElement element, Map<String, Object> values) {
        if (element.isJsonObject()) {
            element.getAsJsonObject().entrySet().forEach(entry -> collect(name.isEmpty() ? entry.getKey() : name + "." + entry.getKey(),
                    entry.getValue(), values));
        } else if (element instanceof JsonPrimitive value && value.isNumber()) {
            values.put(name, value.getAsDouble());
        } else if (element instanceof JsonPrimitive value && value.isBoolean()) {
            values.put(name, value.getAsBoolean());
        } else {
            values.put(name, element instanceof JsonPrimitive value ? value.getAsString() : element.toString());
        }
    }

    @Override
    public void epochStarted(int epoch, int epochs, int steps, int done) {
        Recipe recipe = run.config().recipe();
        schedule = recipe.schedule().over(epochs, steps, recipe.optimizer().learningRate());
        stepsBefore = (long) (epoch - 1) * steps;
        // What a run that goes on has of this epoch from before is in earlier files, and not known here.
        reported = done == 0 ? Evaluation.NOTHING : null;
        reportedSeconds = 0;
    }

    @Override
    public void stepsDone(int step, Evaluation soFar, double seconds) {
        if (reported != null && soFar.count() > reported.count()) {
            Evaluation latest = soFar.since(reported);
            long at = stepsBefore + step;
            double rate = latest.count() / (seconds - reportedSeconds);
            write(events -> {
                events.scalar("train/loss", at, latest.loss());
                events.scalar("train/accuracy", at, latest.accuracy());
                events.scalar("train/learning_rate", at, schedule.at((int) at - 1));
                events.scalar("train/images_per_second", at, rate);
                if (scale != null) {
                    events.scalar("train/loss_scale", at, scale.factor());
                }
            });
        }
        reported = soFar;
        reportedSeconds = seconds;
    }

    @Override
    public void lossScaled(LossScale reached) {
        scale = reached;
    }

    @Override
    public void evaluated(StepEvaluation figures) {
        write(events -> {
            events.scalar("steps/test_loss", figures.step(), figures.testLoss());
            events.scalar("steps/test_accuracy", figures.step(), figures.testAccuracy());
        });
    }

    /** Before the epoch's checkpoint: a run that goes on from it must not lack the epoch here. */
    @Override
    public void epochEvaluated(EpochMetrics metrics) {
        write(events -> {
            events.scalar("epoch/train_loss", metrics.step(), metrics.trainLoss());
            events.scalar("epoch/train_accuracy", metrics.step(), metrics.trainAccuracy());
            events.scalar("epoch/test_loss", metrics.step(), metrics.testLoss());
            events.scalar("epoch/test_accuracy", metrics.step(), metrics.testAccuracy());
            events.scalar("epoch/images_per_second", metrics.step(), metrics.imagesPerSecond());
            if (epochsBetween > 0 && metrics.epoch() % epochsBetween == 0) {
                histograms(events, metrics.step());
                samples(events, metrics.step());
            }
        });
    }

    private void histograms(EventFile events, long step) throws IOException {
        for (Map.Entry<String, StateValue> weight : run.weights().entrySet()) {
            if (weight.getValue() instanceof StateValue.Floats floats) {
                events.histogram("weights/" + weight.getKey(), step, floats.values());
            }
        }
        for (Map.Entry<String, StateValue.Floats> gradient : run.gradients().entrySet()) {
            events.histogram("gradients/" + gradient.getKey(), step, gradient.getValue().values());
        }
    }

    private void samples(EventFile events, long step) throws IOException {
        TrainingBatch batch = run.batch().orElse(null);
        for (int i = 0; batch != null && i < Math.min(SAMPLES, batch.count()); i++) {
            events.picture("samples/" + i, step, batch.height(), batch.width(), batch.channels(), batch.picture(i));
        }
    }

    @Override
    public void runEnded(Evaluation test) {
        write(EventFile::succeeded);
    }

    @Override
    public void close() {
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                fail(e);
            }
        }
    }
}
