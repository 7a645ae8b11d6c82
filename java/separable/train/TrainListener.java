package separable.train;

import java.util.List;
import separable.exchange.ImportReport;
import separable.kernel.LossScale;
import separable.tune.Decision;

/**
 * Hears how a run goes on: a place for one's own code in a {@link TrainingRun}. Called on the training thread, which goes on
 * when the call returns; what it throws ends the run as it is, and the newest checkpoint stays.
 */
public interface TrainListener {

    /** Before anything else of a run that starts from weights in a file. */
    default void weightsLoaded(StartConfig start, ImportReport report) { }

    /** Before anything else of a run that can do without something it found damaged. @param message one line */
    default void warned(String message) { }

    /** Before the first epoch, for every convolution whose kernel was chosen by measurement, now or earlier. */
    default void tuned(Decision decision) { }

    /**
     * Before the first step of a run, or of what is left of one that goes on.
     *
     * @param run to look at and to stop, from now until the run ends
     */
    default void runStarted(RunContext run) { }

    /**
     * Before an epoch's steps.
     *
     * @param done steps of it that were done before, in a run that goes on
     */
    default void epochStarted(int epoch, int epochs, int steps, int done) { }

    /**
     * After every step that the device was given; nothing is waited for. A run that is stopped here ends after this step, and its
     * checkpoint is of it.
     *
     * @param step optimiser steps of the run so far, this one included: {@link RunContext#steps}
     */
    default void stepEnqueued(long step) { }

    /**
     * Every few steps, as figures arrive from the device, which is some steps ahead by then.
     *
     * @param step    steps of this epoch whose figures have arrived
     * @param soFar   over those steps
     * @param seconds of training since the epoch started, or went on: evaluations within it do not count
     */
    default void stepsDone(int step, Evaluation soFar, double seconds) { }

    /** Before {@link #stepsDone}, in a run whose pictures are streamed: over the steps of this epoch so far. */
    default void inputRead(InputRate input) { }

    /** Before {@link #stepsDone}, in a run in fp16: as the steps of this epoch so far have left it. */
    default void lossScaled(LossScale scale) { }

    /** Before an evaluation, within an epoch or at its end. */
    default void evaluating(int epoch) { }

    /** After an evaluation within an epoch; its line is in {@code metrics.jsonl}. */
    default void evaluated(StepEvaluation figures) { }

    /** After a checkpoint, at the end of an epoch or within one. @param steps of the run that it holds */
    default void checkpointed(long steps) { }

    /**
     * At the end of a run whose patience is over before its epochs are.
     *
     * @param epoch the last one done
     * @param best  the first with the highest test accuracy
     */
    default void endedEarly(int epoch, int epochs, int best) { }

    /**
     * After an epoch's evaluation, before anything of it is in the folder. What is kept elsewhere now is there whenever a run goes on
     * from this epoch's checkpoint; a run cut before that checkpoint does the epoch again.
     */
    default void epochEvaluated(EpochMetrics metrics) { }

    /** After {@link #epochEvaluated}; weights, figures and a checkpoint are in the folder. */
    default void epochEnded(EpochMetrics metrics) { }

    /**
     * When the run has come to its end, or to where a listener had it stopped, and all is in the folder.
     *
     * @param test of the last whole epoch; {@link Evaluation#NOTHING} before there is one
     */
    default void runEnded(Evaluation test) { }

    /** One listener for all of {@code listeners}, which hear everything in their order. */
    static TrainListener all(List<TrainListener> listeners) {
        return new TrainListeners(List.copyOf(listeners));
    }
}
