package separable.train;

/** A run that cannot start or go on. The message is one line: what, where, what to do. */
public final class TrainingException extends RuntimeException {

    public TrainingException(String message) {
        super(message);
    }

    public TrainingException(String message, Throwable cause) {
        super(message, cause);
    }
}
