package separable.cli;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import separable.train.Evaluation;
import separable.tune.Decision;

/** Progress for people: a bar an epoch with loss, accuracy, images a second and the time left. */
final class BarProgress extends Progress {

    private static final int REFRESH_MILLISECONDS = 250;

    private ProgressBar bar;
    private volatile double secondsLeft = Double.NaN;

    BarProgress(PrintWriter out, int batch) {
        super(out, batch);
    }

    @Override
    public void tuned(Decision decision) {
        super.tuned(decision);
        if (bar == null) {
            // How many there will be, the plan alone knows.
            bar = new ProgressBarBuilder().setTaskName("tuning").setInitialMax(-1).setStyle(ProgressBarStyle.ASCII)
                    .setUpdateIntervalMillis(REFRESH_MILLISECONDS).build();
        }
        bar.stepTo(tuning().count());
    }

    @Override
    public void epochStarted(int epoch, int epochs, int steps, int done) {
        super.epochStarted(epoch, epochs, steps, done);
        bar = new ProgressBarBuilder().setTaskName(title()).setInitialMax(steps).setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(REFRESH_MILLISECONDS).setEtaFunction(state -> timeLeft()).build();
    }

    private Optional<Duration> timeLeft() {
        double left = secondsLeft;
        return Double.isNaN(left) ? Optional.empty() : Optional.of(Duration.ofMillis(Math.round(1000 * left)));
    }

    @Override
    public void stepsDone(int step, Evaluation soFar, double seconds) {
        secondsLeft = secondsLeft(step, seconds);
        bar.stepTo(step);
        bar.setExtraMessage(String.format(Locale.ROOT, " loss %.4f, accuracy %.4f, %.0f images/s%s", soFar.loss(), soFar.accuracy(),
                imagesPerSecond(step, seconds), more()));
    }

    @Override
    public void evaluating(int epoch) {
        bar.setExtraMessage(bar.getExtraMessage() + ", evaluating");
    }

    /** The bar gives its line up, and draws itself anew below a moment later. */
    @Override
    void line(String text) {
        System.err.print("\r\033[K");
        System.err.flush();
        super.line(text);
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
