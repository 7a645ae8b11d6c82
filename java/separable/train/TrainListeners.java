package separable.train;

import java.util.List;
import separable.exchange.ImportReport;
import separable.kernel.LossScale;
import separable.tune.Decision;

/** Several listeners as one. */
record TrainListeners(List<TrainListener> listeners) implements TrainListener {

    @Override
    public void weightsLoaded(StartConfig start, ImportReport report) {
        listeners.forEach(listener -> listener.weightsLoaded(start, report));
    }

    @Override
    public void warned(String message) {
        listeners.forEach(listener -> listener.warned(message));
    }

    @Override
    public void tuned(Decision decision) {
        listeners.forEach(listener -> listener.tuned(decision));
    }

    @Override
    public void runStarted(RunContext run) {
        listeners.forEach(listener -> listener.runStarted(run));
    }

    @Override
    public void epochStarted(int epoch, int epochs, int steps, int done) {
        listeners.forEach(listener -> listener.epochStarted(epoch, epochs, steps, done));
    }

    /** By number: an iterator, or a lambda that holds the step, would be garbage of every step. */
    @Override
    public void stepEnqueued(long step) {
        for (int i = 0; i < listeners.size(); i++) {
            listeners.get(i).stepEnqueued(step);
        }
    }

    @Override
    public void stepsDone(int step, Evaluation soFar, double seconds) {
        listeners.forEach(listener -> listener.stepsDone(step, soFar, seconds));
    }

    @Override
    public void inputRead(InputRate input) {
        listeners.forEach(listener -> listener.inputRead(input));
    }

    @Override
    public void lossScaled(LossScale scale) {
        listeners.forEach(listener -> listener.lossScaled(scale));
    }

    @Override
    public void evaluating(int epoch) {
        listeners.forEach(listener -> listener.evaluating(epoch));
    }

    @Override
    public void evaluated(StepEvaluation figures) {
        listeners.forEach(listener -> listener.evaluated(figures));
    }

    @Override
    public void checkpointed(long steps) {
        listeners.forEach(listener -> listener.checkpointed(steps));
    }

    @Override
    public void endedEarly(int epoch, int epochs, int best) {
        listeners.forEach(listener -> listener.endedEarly(epoch, epochs, best));
    }

    @Override
    public void epochEvaluated(EpochMetrics metrics) {
        listeners.forEach(listener -> listener.epochEvaluated(metrics));
    }

    @Override
    public void epochEnded(EpochMetrics metrics) {
        listeners.forEach(listener -> listener.epochEnded(metrics));
    }

    @Override
    public void runEnded(Evaluation test) {
        listeners.forEach(listener -> listener.runEnded(test));
    }
}
