package separable.device;

/**
 * A driver call that failed, in one line: what was being done and to what, CUDA's name and text for the error, and what
 * to do about it.
 */
public final class DeviceException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int code;

    DeviceException(int code, String message) {
        super(message);
        this.code = code;
    }

    DeviceException(int code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** The {@code CUresult} value, as in {@code cuda.h}; 0 when the failure came before any driver call. */
    public int code() {
        return code;
    }
}
