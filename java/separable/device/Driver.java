package separable.device;

import java.util.function.IntSupplier;
import java.util.function.Supplier;
import jcuda.CudaException;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * The one place where results of driver calls are looked at. A call that fails becomes a {@link DeviceException}, whether
 * the application has switched JCuda's own exceptions on or off.
 */
final class Driver {

    private static final int LARGEST_RESULT = 999;

    private Driver() {
    }

    /**
     * Makes a driver call and checks it.
     *
     * @param what what is being done, as the error will begin: {@code "copying to"}
     * @param subject what it is done to; its {@code toString} is taken only when the call fails
     */
    static void check(String what, Object subject, IntSupplier call) {
        int result = result(call);
        if (result != CUresult.CUDA_SUCCESS) {
            throw failure(result, what, subject);
        }
    }

    /** Makes a driver call and returns its result, for calls whose failure is an answer. */
    static int result(IntSupplier call) {
        try {
            return call.getAsInt();
        } catch (CudaException e) {
            return code(e);
        }
    }

    /** The result behind one of JCuda's exceptions, which carries nothing but its name. */
    static int code(CudaException exception) {
        for (int code = 1; code <= LARGEST_RESULT; code++) {
            if (CUresult.stringFor(code).equals(exception.getMessage())) {
                return code;
            }
        }
        throw exception;
    }

    static DeviceException failure(int result, String what, Object subject) {
        return failure(result, what, subject, () -> Advice.forResult(result));
    }

    static DeviceException failure(int result, String what, Object subject, String advice) {
        return failure(result, what, subject, () -> advice);
    }

    /** @param advice what the reader can do, a clause without a full stop; asked for last, since it may ask the driver */
    static DeviceException failure(int result, String what, Object subject, Supplier<String> advice) {
        String text = what + " " + subject + ": " + describe(result);
        return new DeviceException(result, text + "; " + advice.get());
    }

    /** CUDA's name and text for a result, as in {@code CUDA_ERROR_OUT_OF_MEMORY (out of memory)}. */
    static String describe(int result) {
        String[] name = new String[1];
        String[] text = new String[1];
        // A driver that does not know the number answers with an error of its own and no string.
        result(() -> JCudaDriver.cuGetErrorName(result, name));
        result(() -> JCudaDriver.cuGetErrorString(result, text));
        return (name[0] == null ? CUresult.stringFor(result) : name[0]) + (text[0] == null ? "" : " (" + text[0] + ")");
    }
}
