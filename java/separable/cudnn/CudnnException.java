package separable.cudnn;

/**
 * A cuDNN call that failed, in one line: what was being done and to which problem, with which algorithm, cuDNN's text for the
 * status, and what to do about it.
 */
public final class CudnnException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int status;

    CudnnException(int status, String message) {
        super(message);
        this.status = status;
    }

    /**
     * The {@code cudnnStatus_t} value as cuDNN 9 numbers it: 2000s a wrong argument, 3000s not supported, 5000s execution failed; -1 where
     * it got lost.
     */
    public int status() {
        return status;
    }
}
