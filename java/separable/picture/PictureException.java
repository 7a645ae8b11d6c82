package separable.picture;

import java.io.IOException;

/** A picture that cannot be read. The message is one line: which picture, and what is wrong with it. */
public final class PictureException extends RuntimeException {

    private final String reason;
    private final boolean isUnread;

    PictureException(String name, String reason) {
        this(name, reason, null);
    }

    PictureException(String name, String reason, Throwable cause) {
        this(name, reason, false, cause);
    }

    private PictureException(String name, String reason, boolean isUnread, Throwable cause) {
        super(name + ": " + reason, cause);
        this.reason = reason;
        this.isUnread = isUnread;
    }

    static PictureException unread(String name, String reason, IOException cause) {
        return new PictureException(name, reason, true, cause);
    }

    /** Whether the file's bytes could not be had, which says nothing of the picture: it may be whole another time. */
    public boolean isUnread() {
        return isUnread;
    }

    /** The message without the picture's name. */
    public String reason() {
        return reason;
    }
}
