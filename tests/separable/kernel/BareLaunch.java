package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;

/**
 * The least that JCuda can do to launch a kernel, or a graph of that one launch: arguments packed once in native memory, and the
 * driver call. What {@link Pointer#to} makes of Java arrays costs more at every call.
 */
final class BareLaunch implements AutoCloseable {

    private final CUmodule module = new CUmodule();
    private final CUfunction function = new CUfunction();
    private final HostAddress arguments = new HostAddress();
    private final Pointer parameters;
    private final CUgraphExec captured = new CUgraphExec();
    private final int threads;

    /** One block of {@code threads} threads of a kernel of Separable's module, in the current context. */
    BareLaunch(String entry, int threads, CUdeviceptr[] pointers, int... integers) throws IOException {
        this.threads = threads;
        check(JCudaDriver.cuModuleLoadData(module, fatbin()));
        check(JCudaDriver.cuModuleGetFunction(function, module, entry));
        int slots = pointers.length + integers.length;
        long bytes = 2L * slots * Long.BYTES;
        check(JCudaDriver.cuMemHostAlloc(arguments, bytes, 0));
        ByteBuffer memory = arguments.getByteBuffer(0, bytes).order(ByteOrder.nativeOrder());
        for (int slot = 0; slot < slots; slot++) {
            int at = slot * Long.BYTES;
            if (slot < pointers.length) {
                memory.putLong(at, new DeviceAddress(pointers[slot]).value());
            } else {
                memory.putInt(at, integers[slot - pointers.length]);
            }
            memory.putLong(slots * Long.BYTES + at, arguments.value() + at);
        }
        parameters = arguments.withByteOffset((long) slots * Long.BYTES);
    }

    void enqueue(CUstream stream) {
        check(JCudaDriver.cuLaunchKernel(function, 1, 1, 1, threads, 1, 1, 0, stream, parameters, null));
    }

    /** Keeps one launch as a graph; {@code stream} must not be the default one. */
    void capture(CUstream stream) {
        CUgraph graph = new CUgraph();
        check(JCudaDriver.cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
        enqueue(stream);
        check(JCudaDriver.cuStreamEndCapture(stream, graph));
        check(JCudaDriver.cuGraphInstantiate(captured, graph, 0));
        check(JCudaDriver.cuGraphDestroy(graph));
    }

    void launchGraph(CUstream stream) {
        check(JCudaDriver.cuGraphLaunch(captured, stream));
    }

    private static byte[] fatbin() throws IOException {
        try (InputStream image = BareLaunch.class.getResourceAsStream("/separable/native/kernels.fatbin")) {
            return image.readAllBytes();
        }
    }

    private static void check(int result) {
        if (result != 0) {
            assertThat(result).as("result of a driver call").isZero();
        }
    }

    @Override
    public void close() {
        check(JCudaDriver.cuGraphExecDestroy(captured));
        check(JCudaDriver.cuMemFreeHost(arguments));
        check(JCudaDriver.cuModuleUnload(module));
    }

    /** A host pointer whose value can be read, which JCuda reserves to subclasses. */
    private static final class HostAddress extends Pointer {
        long value() {
            return getNativePointer() + getByteOffset();
        }
    }

    /** The same of a device pointer. */
    private static final class DeviceAddress extends CUdeviceptr {
        DeviceAddress(CUdeviceptr pointer) {
            super(pointer, 0);
        }

        long value() {
            return getNativePointer() + getByteOffset();
        }
    }
}
