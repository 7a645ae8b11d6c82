package separable.device;

/**
 * A driver call that failed, in one line: what was being done and to what, CUDA's name and text for the error, and what
 * to do about it. Every method of this library that calls the driver may throw it.
 *
 * <p>A refused call has no effect: the method has given back what it had made, and may be called again. It is the first failure
 * that is told; what went wrong while giving back is attached as suppressed.
 *
 * <p>A kernel that fails takes its context with it ({@code CUDA_ERROR_LAUNCH_FAILED}, {@code CUDA_ERROR_ILLEGAL_ADDRESS} and their
 * like). A launch does not wait for its kernel, so that this comes out of a later call, whatever that does, at the latest out of
 * the next that waits for the device; and from then on out of every call that needs the context. Closing everything, and last the
 * {@link Device}, ends the context where nobody else holds it: the closings throw this too, and a device opened afterwards is
 * healthy.
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
