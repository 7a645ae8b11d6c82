package separable.train;

/** The user asked a run to stop. The message is one line: where it stopped and what is left of it. */
public final class StoppedException extends RuntimeException {

    public StoppedException(String message) {
        super(message);
    }
}
