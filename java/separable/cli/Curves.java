package separable.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import separable.bench.Drawing;
import separable.bench.DrawingException;
import separable.train.EpochMetrics;
import separable.train.Evaluation;
import separable.train.RunContext;
import separable.train.RunFolder;
import separable.train.RunHistory;
import separable.train.StepEvaluation;
import separable.train.TrainListener;
import separable.train.TrainingException;
import separable.train.TrainingRun;

/**
 * Keeps {@code curves.png} in the run's folder, of all that {@code metrics.jsonl} has: now and then, and at the end of the run. Where it
 * cannot be drawn or written, one line says so and there is none from then on.
 */
final class Curves implements TrainListener {

    static final String FILE = "curves.png";

    /** Drawing takes a part of a second, and an epoch may take no more. */
    private static final long INTERVAL_NANOS = 30_000_000_000L;

    private final PrintWriter err;
    private Path folder;
    private long drawn = System.nanoTime();
    private boolean failed;

    Curves(PrintWriter err) {
        this.err = err;
    }

    @Override
    public void runStarted(RunContext run) {
        folder = run.folder();
    }

    @Override
    public void evaluated(StepEvaluation figures) {
        drawSometimes();
    }

    @Override
    public void epochEnded(EpochMetrics metrics) {
        drawSometimes();
    }

    @Override
    public void runEnded(Evaluation test) {
        draw();
    }

    private void drawSometimes() {
        if (System.nanoTime() - drawn > INTERVAL_NANOS) {
            draw();
            drawn = System.nanoTime();
        }
    }

    private void draw() {
        Path metrics = folder.resolve(TrainingRun.METRICS_FILE);
        if (failed || !Files.exists(metrics)) {
            return;
        }
        try {
            RunHistory history = RunHistory.read(metrics);
            if (history.epochs().isEmpty() && history.steps().isEmpty()) {
                return;
            }
            byte[] png = Drawing.png(() -> CurvesPicture.draw(history));
            try (RunFolder files = RunFolder.open(folder)) {
                files.replace(Map.of(FILE, file -> Files.write(file, png)));
            }
        } catch (DrawingException | TrainingException e) {
            // The run matters more than its picture.
            failed = true;
            err.println("separable: the run goes on without " + FILE + ": " + e.getMessage());
        }
    }
}
