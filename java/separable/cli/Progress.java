package separable.cli;

import java.io.PrintWriter;
import java.io.Writer;
import java.util.Locale;
import separable.exchange.ImportReport;
import separable.kernel.LossScale;
import separable.train.EpochMetrics;
import separable.train.InputRate;
import separable.train.StartConfig;
import separable.train.StepEvaluation;
import separable.train.TrainListener;
import separable.tune.Decision;

/** Shows how a run goes on. Progress goes to the error stream, the line that sums an epoch up to the output. */
abstract class Progress implements TrainListener, AutoCloseable {

    private final PrintWriter out;
    private final int batch;
    private final TuningSummary tuning = new TuningSummary();
    private int epoch;
    private int epochs;
    private int steps;
    private int done;
    private String input = "";
    private String scale = "";

    Progress(PrintWriter out, int batch) {
        this.out = out;
        this.batch = batch;
    }

    /** A bar where a person looks on, else a plain line every few seconds. */
    static Progress forTerminal(PrintWriter out, PrintWriter err, int batch) {
        // The launcher asks the shell; System.console() answers differently from Java to Java.
        return Boolean.getBoolean("separable.terminal") ? new BarProgress(out, batch) : new LineProgress(out, err, batch);
    }

    /** Says nothing. */
    static Progress silent() {
        PrintWriter nobody = new PrintWriter(Writer.nullWriter());
        return new LineProgress(nobody, nobody, 1);
    }

    @Override
    public void epochStarted(int startedEpoch, int allEpochs, int stepsOfEpoch, int stepsDone) {
        if (tuning.takeUnsaid()) {
            close();
            out.println(tuning);
        }
        epoch = startedEpoch;
        epochs = allEpochs;
        steps = stepsOfEpoch;
        done = stepsDone;
        input = "";
        scale = "";
    }

    @Override
    public void inputRead(InputRate rate) {
        input = text(rate.imagesPerSecond(), rate.waited());
    }

    @Override
    public void lossScaled(LossScale reached) {
        scale = text(reached.factor(), reached.skipped());
    }

    private static String text(float factor, long skipped) {
        return String.format(Locale.ROOT, ", loss scale 2^%d, %d skipped", Math.getExponent(factor), skipped);
    }

    private static String text(double imagesPerSecond, double waited) {
        return String.format(Locale.ROOT, " (read at %.0f/s, waited %.0f%%)", imagesPerSecond, 100 * waited);
    }

    /** What {@link #imagesPerSecond} is followed by: how the reading of streamed pictures keeps up, how a loss is scaled; else nothing. */
    String more() {
        return input + scale;
    }

    @Override
    public void weightsLoaded(StartConfig start, ImportReport report) {
        out.println("weights of " + start.weights() + ": " + report);
    }

    @Override
    public void tuned(Decision decision) {
        tuning.add(decision);
    }

    /** What tuning chose so far. */
    TuningSummary tuning() {
        return tuning;
    }

    @Override
    public void evaluated(StepEvaluation e) {
        line(String.format(Locale.ROOT, "epoch %d/%d, step %d: train loss %.4f, accuracy %.4f; test loss %.4f, accuracy %.4f over %d pictures",
                e.epoch(), epochs, e.step(), e.trainLoss(), e.trainAccuracy(), e.testLoss(), e.testAccuracy(), e.testPictures()));
    }

    /** A line of results, while the epoch goes on. */
    void line(String text) {
        out.println(text);
    }

    @Override
    public void epochEnded(EpochMetrics m) {
        close();
        out.println(String.format(Locale.ROOT, "epoch %d/%d: train loss %.4f, accuracy %.4f; test loss %.4f, accuracy %.4f; %.0f images/s%s, %s",
                m.epoch(), epochs, m.trainLoss(), m.trainAccuracy(), m.testLoss(), m.testAccuracy(), m.imagesPerSecond(),
                (m.inputWaited() == null ? "" : text(m.inputImagesPerSecond(), m.inputWaited()))
                        + (m.lossScale() == null ? "" : text(m.lossScale(), m.skippedSteps())), duration(m.seconds())));
    }

    @Override
    public void endedEarly(int lastEpoch, int allEpochs, int best) {
        out.println("ended after epoch " + lastEpoch + " of " + allEpochs + ": test accuracy was not better than epoch " + best + "'s");
    }

    @Override
    public abstract void close();

    int steps() {
        return steps;
    }

    String title() {
        return "epoch " + epoch + "/" + epochs;
    }

    double imagesPerSecond(int step, double seconds) {
        return (step - done) * (double) batch / seconds;
    }

    /** Seconds of training left in the whole run, at the pace so far. */
    double secondsLeft(int step, double seconds) {
        double stepsLeft = (double) (epochs - epoch + 1) * steps - step;
        return step == done ? Double.NaN : stepsLeft * seconds / (step - done);
    }

    static String duration(double seconds) {
        if (Double.isNaN(seconds)) {
            return "-";
        }
        long whole = Math.round(seconds);
        return whole < 3600 ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    }
}
