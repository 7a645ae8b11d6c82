package separable.cudnn;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;

/**
 * Between our filters and cuDNN's, where the two differ: depthwise filters with channels last are [KH, KW, C] with us and
 * [C, KH, KW, 1] with cuDNN, and a filter gradient is fp32 with us and of the data's type with cuDNN.
 */
final class FilterCopy {

    private static final int THREADS = 256;

    private final boolean transposed;
    private final boolean converted;
    private final int rows;
    private final int columns;
    private final long bytes;
    private final Launch toCudnn;
    private final Launch gradientFromCudnn;

    FilterCopy(Device device, ConvSpec spec, DType type, Layout layout) {
        int elements = Math.toIntExact(layout.filterElements(spec));
        transposed = layout != Layout.NCHW && spec.isDepthwise();
        converted = type != DType.F32;
        rows = transposed ? spec.kernelHeight() * spec.kernelWidth() : 1;
        columns = elements / rows;
        bytes = (long) elements * type.bytes();
        toCudnn = transposed ? launch(device, type, type, rows, columns, "filter of " + spec, "w", "workspace") : null;
        gradientFromCudnn = transposed || converted
                ? launch(device, type, DType.F32, columns, rows, "filter gradient of " + spec, "workspace", "dw") : null;
    }

    private static Launch launch(Device device, DType from, DType to, int rows, int columns, String what,
                                 String read, String written) {
        long elements = (long) rows * columns;
        return device.kernel("transpose_" + from.suffix() + "_" + to.suffix()).launch().describe(what)
                .input(read, elements * from.bytes()).output(written, elements * to.bytes()).i32(rows).i32(columns)
                .grid((int) ((elements + THREADS - 1) / THREADS), 1, 1).block(THREADS);
    }

    /** Whether cuDNN reads or writes a copy of the filter in a pass. */
    boolean isNeeded(ConvPass pass) {
        return (pass == ConvPass.BACKWARD_FILTER ? gradientFromCudnn : toCudnn) != null;
    }

    /** Bytes of the copy, in the data's type. */
    long bytes() {
        return bytes;
    }

    /** Enqueues: cuDNN's filter from ours. */
    void toCudnn(CUdeviceptr ours, CUdeviceptr copy, CUstream stream) {
        toCudnn.enqueue(stream, ours, copy);
    }

    /** Enqueues: our fp32 filter gradient from cuDNN's. */
    void gradientFromCudnn(CUdeviceptr copy, CUdeviceptr ours, CUstream stream) {
        gradientFromCudnn.enqueue(stream, copy, ours);
    }
}
