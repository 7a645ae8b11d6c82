package separable.train;

import separable.tune.Decision;

/** Hears how a run goes on. Called on the training thread: it should return at once. */
public interface TrainListener {

    /** Before the first epoch, for every convolution whose kernel was chosen by measurement, now or earlier. */
    default void tuned(Decision decision) { }

    /**
     * Before an epoch's steps.
     *
     * @param done steps of it that were done before, in a run that goes on
     */
    default void epochStarted(int epoch, int epochs, int steps, int done) { }

    /**
     * Every few steps, as figures arrive from the device.
     *
     * @param step    steps of this epoch whose figures have arrived
     * @param soFar   over those steps
     * @param seconds since the epoch started, or went on
     */
    default void stepsDone(int step, Evaluation soFar, double seconds) { }

    /** Before an epoch's evaluation. */
    default void evaluating(int epoch) { }

    /**
     * At the end of a run whose patience is over before its epochs are.
     *
     * @param epoch the last one done
     * @param best  the first with the highest test accuracy
     */
    default void endedEarly(int epoch, int epochs, int best) { }

    /** After an epoch's evaluation. */
    default void epochEnded(EpochMetrics metrics) { }
}
