package separable.cli;

import java.io.PrintWriter;
import java.util.Locale;
import separable.train.Evaluation;
import separable.tune.Decision;

/** Progress for logs: a plain line every few seconds. */
final class LineProgress extends Progress {

    private static final double INTERVAL_SECONDS = 5;

    private final PrintWriter err;
    private double next;
    private long lastTuned = System.nanoTime();

    LineProgress(PrintWriter out, PrintWriter err, int batch) {
        super(out, batch);
        this.err = err;
    }

    @Override
    public void tuned(Decision decision) {
        super.tuned(decision);
        if (System.nanoTime() - lastTuned > 1e9 * INTERVAL_SECONDS) {
            lastTuned = System.nanoTime();
            err.println("tuning, " + tuning().count() + " done: " + decision);
        }
    }

    @Override
    public void epochStarted(int epoch, int epochs, int steps, int done) {
        super.epochStarted(epoch, epochs, steps, done);
        next = INTERVAL_SECONDS;
    }

    @Override
    public void stepsDone(int step, Evaluation soFar, double seconds) {
        if (seconds < next) {
            return;
        }
        next = seconds + INTERVAL_SECONDS;
        err.println(String.format(Locale.ROOT, "%s, step %d/%d: loss %.4f, accuracy %.4f, %.0f images/s%s, %s left", title(), step, steps(),
                soFar.loss(), soFar.accuracy(), imagesPerSecond(step, seconds), more(), duration(secondsLeft(step, seconds))));
    }

    @Override
    public void close() { }
}
