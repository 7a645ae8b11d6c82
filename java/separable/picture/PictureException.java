package separable.picture;

/** A picture that cannot be read. The message is one line: which picture, and what is wrong with it. */
public final class PictureException extends RuntimeException {

    private final String reason;

    PictureException(String name, String reason) {
        this(name, reason, null);
    }

    PictureException(String name, String reason, Throwable cause) {
        super(name + ": " + reason, cause);
        this.reason = reason;
    }

    /** The message without the picture's name. */
    public String reason() {
        return reason;
    }
}
