package separable.cudnn;

import java.util.function.IntSupplier;
import jcuda.CudaException;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnStatus;

/**
 * The one place where results of cuDNN calls are looked at, whether the application has switched JCudnn's exceptions on or off.
 * The numbers are cuDNN 9's: a category in the thousands, a case below. JCudnn's own constants and names are cuDNN 8's.
 */
final class Status {

    static final int SUCCESS = 0;
    private static final int UNKNOWN = -1;

    private static final int NOT_INITIALIZED = 1001;
    private static final int SUBLIBRARY_VERSION_MISMATCH = 1002;
    private static final int SUBLIBRARY_LOADING_FAILED = 1008;
    private static final int SIZE_INSUFFICIENT = 2006;
    private static final int STREAM_MISMATCH = 2007;
    private static final int HOST_ALLOCATION_FAILED = 4003;
    private static final int DEVICE_ALLOCATION_FAILED = 4004;
    private static final int CATEGORY = 1000;
    private static final int BAD_PARAM = 2;
    private static final int NOT_SUPPORTED = 3;
    private static final int EXECUTION_FAILED = 5;
    private static final int LARGEST = 5999;

    private Status() {
    }

    /** Makes a call and checks it; {@code what} begins the error, {@code subject} is printed only then. */
    static void check(String what, Object subject, IntSupplier call) {
        int status = of(call);
        if (status != SUCCESS) {
            throw failure(status, what, subject);
        }
    }

    /** Makes a call and returns its status, for calls whose failure is an answer. */
    static int of(IntSupplier call) {
        try {
            return call.getAsInt();
        } catch (CudaException e) {
            return code(e);
        }
    }

    /** The status behind one of JCudnn's exceptions, which carries nothing but JCudnn's name for the number. */
    static int code(CudaException exception) {
        for (int code = 1; code <= LARGEST; code++) {
            if (cudnnStatus.stringFor(code).equals(exception.getMessage())) {
                return code;
            }
        }
        throw exception;
    }

    /**
     * Whether a query says no to a combination it may refuse: to cuDNN some of these are wrong arguments, others not supported. That
     * another context than the handle's is current says nothing about the combination.
     */
    static boolean isRefusal(int status) {
        return status / CATEGORY == NOT_SUPPORTED || status / CATEGORY == BAD_PARAM && status != STREAM_MISMATCH;
    }

    static CudnnException failure(int status, String what, Object subject) {
        return new CudnnException(status, what + " " + subject + ": " + describe(status) + "; " + advice(status));
    }

    /** A call that failed with a status that never arrived. */
    static CudnnException lost(String what, Object subject, RuntimeException cause) {
        CudnnException failure = new CudnnException(UNKNOWN, what + " " + subject
                + ": cuDNN refused, and JCudnn lost the status; CUDNN_LOGLEVEL_DBG=3 makes cuDNN say more");
        failure.initCause(cause);
        return failure;
    }

    /** cuDNN's text and number, as in {@code CUDNN_STATUS_BAD_PARAM (2000)}. */
    static String describe(int status) {
        return JCudnn.cudnnGetErrorString(status) + " (" + status + ")";
    }

    private static String advice(int status) {
        return switch (status) {
            case NOT_INITIALIZED -> "no usable GPU or driver was found by cuDNN, or something it needs is already closed";
            case SUBLIBRARY_VERSION_MISMATCH, SUBLIBRARY_LOADING_FAILED ->
                    "libcudnn.so.9 and its libcudnn_*.so.9 must come from one release: put their folder first on LD_LIBRARY_PATH, and cuBLAS's too";
            case SIZE_INSUFFICIENT -> "give as many bytes of workspace as workspaceBytes(pass) says";
            case HOST_ALLOCATION_FAILED, DEVICE_ALLOCATION_FAILED -> "lower the batch, or free memory that other programs hold";
            default -> switch (status / CATEGORY) {
                case BAD_PARAM -> "an argument is wrong, closed, or of another context than the handle's";
                case NOT_SUPPORTED -> "cuDNN has no such kernel for this GPU: choose another algorithm";
                case EXECUTION_FAILED -> "a kernel failed or an operand is no device memory of its size: see whether every buffer is as large as"
                        + " its shape says; CUDNN_LOGLEVEL_DBG=3 makes cuDNN say more";
                default -> "see this status in NVIDIA's cuDNN manual; CUDNN_LOGLEVEL_DBG=3 makes cuDNN say more";
            };
        };
    }
}
