package separable.train;

/**
 * How far a run has come.
 *
 * @param epochs whole epochs done, evaluation included
 * @param step   steps done of the epoch that follows them
 * @param soFar  over those steps
 */
record Position(int epochs, int step, Evaluation soFar) {

    static final Position START = new Position(0, 0, Evaluation.NOTHING);

    Position {
        Check.that(epochs >= 0, "epochs done", epochs, "0 or more");
        Check.that(step >= 0, "steps done", step, "0 or more");
        Check.present("figures so far", soFar);
    }
}
