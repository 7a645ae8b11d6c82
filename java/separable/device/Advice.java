package separable.device;

import jcuda.driver.CUresult;

/** What a person can do about a CUDA error, as the last clause of an error message. */
final class Advice {

    private Advice() {
    }

    static String forResult(int result) {
        return switch (result) {
            case CUresult.CUDA_ERROR_NO_DEVICE ->
                    "no NVIDIA GPU is visible: see what `nvidia-smi` lists and whether CUDA_VISIBLE_DEVICES hides it";
            case CUresult.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH, CUresult.CUDA_ERROR_SYSTEM_NOT_READY ->
                    "the kernel's NVIDIA module and libcuda.so.1 do not belong together: reboot, or reinstall the driver";
            case CUresult.CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE ->
                    "a CUDA compatibility libcuda.so.1 is on LD_LIBRARY_PATH that this GPU does not support: take it off";
            case CUresult.CUDA_ERROR_STUB_LIBRARY ->
                    "the toolkit's stub libcuda.so.1 was loaded: take its stubs folder off LD_LIBRARY_PATH";
            case CUresult.CUDA_ERROR_OUT_OF_MEMORY ->
                    "lower the batch, or free memory that other programs hold on the device";
            case CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU ->
                    "the kernels were not built for this GPU: build with its architecture in -Dcuda.architectures";
            case CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION ->
                    "the driver is older than the compiler that made the kernels: update the driver, or build with an older nvcc";
            case CUresult.CUDA_ERROR_INVALID_IMAGE ->
                    "the module is damaged or of a kind the driver does not know: build it again";
            case CUresult.CUDA_ERROR_INVALID_CONTEXT, CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED ->
                    "the device is not current on this thread: call Device.makeCurrent() first";
            case CUresult.CUDA_ERROR_NOT_INITIALIZED, CUresult.CUDA_ERROR_DEINITIALIZED ->
                    "open a Device first, and use it only before the program ends";
            case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
                    CUresult.CUDA_ERROR_LAUNCH_FAILED, CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION, CUresult.CUDA_ERROR_ASSERT ->
                    "a kernel failed and the device's context is lost: end the program;"
                            + " the emulated device, or compute-sanitizer on a GPU, names the kernel and the line";
            case CUresult.CUDA_ERROR_LAUNCH_TIMEOUT ->
                    "a kernel ran longer than allowed, in an endless loop or under the limit of a GPU with a display";
            case CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES ->
                    "the kernel needs more registers for its block than a multiprocessor has: launch smaller blocks";
            case CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
                    CUresult.CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, CUresult.CUDA_ERROR_STREAM_CAPTURE_ISOLATION,
                    CUresult.CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD ->
                    "a stream that is being captured may only be enqueued to: allocate, copy and wait outside the capture";
            case CUresult.CUDA_ERROR_INVALID_HANDLE, CUresult.CUDA_ERROR_INVALID_VALUE ->
                    "an argument is wrong, or belongs to another device or to something already closed";
            default -> "see this error's entry under CUresult in the CUDA driver API's manual";
        };
    }
}
