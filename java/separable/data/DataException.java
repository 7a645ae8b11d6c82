package separable.data;

/** A data file that is missing or wrong. The message is one line: which file, what is wrong with it, what to do. */
public final class DataException extends RuntimeException {

    public DataException(String message) {
        super(message);
    }

    public DataException(String message, Throwable cause) {
        super(message, cause);
    }
}
