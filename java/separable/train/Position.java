package separable.train;

import separable.kernel.LossScale;

/**
 * How far a run has come.
 *
 * @param epochs    whole epochs done, evaluation included
 * @param step      steps done of the epoch that follows them
 * @param soFar     over those steps
 * @param evaluated what {@code soFar} was at that epoch's last evaluation within it
 * @param scale     of the next step's loss; none where a file does not have it
 */
record Position(int epochs, int step, Evaluation soFar, Evaluation evaluated, LossScale scale) {

    /** Of a precision whose loss is not scaled. */
    static final Position START = epochsDone(0, LossScale.NONE);

    Position {
        Check.that(epochs >= 0, "epochs done", epochs, "0 or more");
        Check.that(step >= 0, "steps done", step, "0 or more");
        Check.present("figures so far", soFar);
        Check.that(Check.present("figures at the last evaluation", evaluated).count() <= soFar.count(), "pictures at the last evaluation",
                evaluated.count(), "at most the " + soFar.count() + " so far");
        scale = scale == null ? LossScale.NONE : scale;
    }

    static Position epochsDone(int epochs, LossScale scale) {
        return new Position(epochs, 0, Evaluation.NOTHING, Evaluation.NOTHING, scale);
    }

    /** The same epoch, so many steps into it. */
    Position at(int steps, Evaluation figures, LossScale reached) {
        return new Position(epochs, steps, figures, evaluated, reached);
    }

    Position withEvaluated() {
        return new Position(epochs, step, soFar, soFar, scale);
    }

    /** @throws IllegalArgumentException when this is beyond a run of so many epochs of {@code steps} steps */
    void requireWithin(int allEpochs, int steps) {
        if (epochs > allEpochs || step > steps || epochs == allEpochs && step > 0) {
            throw new IllegalArgumentException("step " + step + " after epoch " + epochs + " is beyond a run of " + allEpochs + " epochs of "
                    + steps + " steps");
        }
    }

    /** Whether an evaluation has been made right here. */
    boolean isEvaluated() {
        return evaluated.count() == soFar.count();
    }
}
