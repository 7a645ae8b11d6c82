package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUgraph;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.device.Device;
import separable.device.DeviceException;
import separable.device.Handles;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Shape;
import separable.testing.DeviceExtension;

/** Ops in a context, in streams and on memory that are not Separable's. */
@ExtendWith(DeviceExtension.class)
class DropInTest {

    private static final ConvSpec SPEC = ConvSpec.depthwise(new Shape(1, 4, 4, 8), 3, 1, 1, Padding.symmetric(1));
    private static final long BYTES = 4 * 4 * 8 * 4;
    private static final long FILTER_BYTES = 9 * 8 * 4;

    private final CUcontext context = new CUcontext();
    private CUdeviceptr x;
    private CUdeviceptr w;
    private CUdeviceptr y;
    private CUstream stream;
    private DepthwiseConv op;

    @BeforeEach
    void begin(Device device) {
        ok(JCudaDriver.cuCtxCreate(context, 0, new CUdevice()));
        x = allocate(BYTES);
        w = allocate(FILTER_BYTES);
        y = allocate(BYTES);
        stream = new CUstream();
        ok(JCudaDriver.cuStreamCreate(stream, 0));
        op = new DepthwiseConv(SPEC, DType.F32);
    }

    @AfterEach
    void end(Device device) {
        op.close();
        JCudaDriver.cuCtxDestroy(context);
        device.makeCurrent();
    }

    static void ok(int result) {
        assertThat(result).isZero();
    }

    static CUdeviceptr allocate(long bytes) {
        CUdeviceptr pointer = new CUdeviceptr();
        ok(JCudaDriver.cuMemAlloc(pointer, bytes));
        ok(JCudaDriver.cuMemsetD8(pointer, (byte) 0, bytes));
        return pointer;
    }

    private void refused(String argument, String what, Runnable call) {
        assertThatThrownBy(call::run).isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("kernel dw_").hasMessageContaining("depthwise " + SPEC)
                .hasMessageContaining("argument " + argument + " ").hasMessageContaining(what);
        // A refusal changes nothing: the same call with right arguments goes through.
        op.forward(x, w, y, stream);
    }

    @Test
    void nullPointersAreRefused() {
        refused("x", "is null", () -> op.forward(null, w, y, stream));
        refused("w", "is null", () -> op.forward(x, new CUdeviceptr(), y, stream));
        refused("y", "is null: pass device memory of 512 bytes", () -> op.forward(x, w, null, stream));
        refused("stream", "is null", () -> op.forward(x, w, y, null));
        refused("dw", "is null", () -> op.backwardFilter(x, y, null, null, stream));
    }

    @Test
    void memoryThatIsTooShortIsRefused() {
        refused("x", "needs 512 bytes, and its allocation has 288 from there on", () -> op.forward(w, w, y, stream));
        refused("y", "needs 512 bytes, and its allocation has 496", () -> op.forward(x, w, y.withByteOffset(16), stream));
        CUdeviceptr workspace = allocate(op.workspaceBytes() - 4);
        refused("workspace", "needs " + op.workspaceBytes() + " bytes", () -> op.backwardFilter(x, y, w, workspace, stream));
    }

    @Test
    void misalignedMemoryIsRefused() {
        CUdeviceptr large = allocate(2 * BYTES);
        refused("x", "is not aligned to 16 bytes", () -> op.forward(large.withByteOffset(4), w, y, stream));
        op.forward(large.withByteOffset(16), w, y, stream);
    }

    @Test
    void outputsThatOverlapAreRefused() {
        CUdeviceptr large = allocate(2 * BYTES);
        refused("x", "overlaps argument y", () -> op.forward(x, w, x, stream));
        refused("x", "overlaps argument y", () -> op.forward(large, w, large.withByteOffset(BYTES - 16), stream));
        op.forward(large, w, large.withByteOffset(BYTES), stream);
    }

    @Test
    void inPlaceIsTheVeryAddress() {
        Shape shape = SPEC.input();
        CUdeviceptr large = allocate(2 * BYTES);
        try (Relu relu = new Relu(shape, DType.F32, Activation.RELU)) {
            relu.forward(large, large, stream);
            assertThatThrownBy(() -> relu.forward(large, large.withByteOffset(16), stream)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("argument x overlaps argument y: it must be the same address, or apart from it");
        }
    }

    @Test
    void freedAndHostMemoryAreRefused() {
        CUdeviceptr freed = allocate(BYTES);
        ok(JCudaDriver.cuMemFree(freed));
        refused("x", "is no device memory: it was freed, or is a host pointer", () -> op.forward(freed, w, y, stream));
        refused("x", "is no device memory", () -> op.forward(Handles.pointer(0x7000_0000_0010L), w, y, stream));
        CUdeviceptr pinned = new CUdeviceptr();
        ok(JCudaDriver.cuMemHostAlloc(pinned, BYTES, 0));
        refused("x", "is host memory", () -> op.forward(pinned, w, y, stream));
        ok(JCudaDriver.cuMemFreeHost(pinned));
    }

    @Test
    void memoryAndStreamsOfAnotherContextAreRefused() {
        CUcontext other = new CUcontext();
        ok(JCudaDriver.cuCtxCreate(other, 0, new CUdevice()));
        CUdeviceptr foreign = allocate(BYTES);
        CUstream foreignStream = new CUstream();
        ok(JCudaDriver.cuStreamCreate(foreignStream, 0));
        assertThatThrownBy(() -> op.forward(x, w, y, stream)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("depthwise").hasMessageContaining("is not current on this thread");
        ok(JCudaDriver.cuCtxPopCurrent(new CUcontext()));
        refused("x", "is memory of another context", () -> op.forward(foreign, w, y, stream));
        refused("stream", "belongs to another context", () -> op.forward(x, w, y, foreignStream));
        ok(JCudaDriver.cuStreamDestroy(foreignStream));
        refused("stream", "cannot be used", () -> op.forward(x, w, y, foreignStream));
        ok(JCudaDriver.cuCtxDestroy(other));
    }

    @Test
    void closedOpsAndDevicesAreRefused() {
        Device borrowed = Device.current();
        DepthwiseConv second = new DepthwiseConv(borrowed, SPEC, DType.F32);
        DepthwiseConv third = new DepthwiseConv(SPEC, DType.F32);
        third.close();
        third.close();
        assertThatThrownBy(() -> third.forward(x, w, y, stream)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("depthwise " + SPEC).hasMessageContaining("was used after it, or the device it is for, was closed");
        second.forward(x, w, y, stream);
        borrowed.close();
        assertThatThrownBy(() -> second.forward(x, w, y, stream)).isInstanceOf(IllegalStateException.class).hasMessageContaining("was closed");
        assertThatThrownBy(() -> new DepthwiseConv(borrowed, SPEC, DType.F32)).isInstanceOf(IllegalStateException.class);
        op.forward(x, w, y, stream);
    }

    @Test
    void withoutAContextThereIsOneClearLine() {
        CompletableFuture<Void> elsewhere = CompletableFuture.runAsync(Device::current);
        assertThatThrownBy(elsewhere::join).isInstanceOf(CompletionException.class).cause().isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("no CUDA context is current on this thread: make one current").hasMessageNotContaining("\n");
    }

    /** Only what differs from the previous call is asked about, so the driver alone sees that the context is missing. */
    @Test
    void anUnchangedCallOnAThreadWithoutTheContextIsTheDriversToRefuse() throws InterruptedException {
        op.forward(x, w, y, stream);
        Throwable[] refusal = new Throwable[1];
        Thread bare = new Thread(() -> op.forward(x, w, y, stream));
        bare.setUncaughtExceptionHandler((thread, e) -> refusal[0] = e);
        bare.start();
        bare.join();
        assertThat(refusal[0]).isInstanceOf(DeviceException.class).hasMessageContaining("CUDA_ERROR_INVALID_CONTEXT");
    }

    @Test
    void otherThreadsMayUseItOneAfterTheOther() {
        CompletableFuture.runAsync(() -> {
            ok(JCudaDriver.cuCtxSetCurrent(context));
            op.forward(x, w, y, stream);
            op.close();
        }).join();
        assertThatThrownBy(() -> op.forward(x, w, y, stream)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aDestroyedContextIsSurvived() {
        ok(JCudaDriver.cuCtxDestroy(context));
        assertThatThrownBy(() -> op.forward(y, w, x, stream)).isInstanceOf(IllegalStateException.class);
        op.close();
        op.close();
        CUcontext next = new CUcontext();
        ok(JCudaDriver.cuCtxCreate(next, 0, new CUdevice()));
        try (DepthwiseConv again = new DepthwiseConv(SPEC, DType.F32)) {
            again.forward(allocate(BYTES), allocate(FILTER_BYTES), allocate(BYTES), new CUstream());
        }
        ok(JCudaDriver.cuCtxDestroy(next));
    }

    @Test
    void aCaptureInGlobalModeTakesTheFirstCall() {
        CUdeviceptr dw = allocate(FILTER_BYTES);
        CUdeviceptr workspace = allocate(op.workspaceBytes());
        CUgraph graph = new CUgraph();
        ok(JCudaDriver.cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL));
        op.forward(x, w, y, stream);
        op.backwardFilter(x, y, dw, workspace, stream);
        ok(JCudaDriver.cuStreamEndCapture(stream, graph));
        long[] nodes = new long[1];
        ok(JCudaDriver.cuGraphGetNodes(graph, null, nodes));
        assertThat(nodes[0]).as("two kernels and the memset of the tickets").isEqualTo(3);
        ok(JCudaDriver.cuGraphDestroy(graph));
    }

    @Test
    void jcudasExceptionsMakeNoDifference() {
        JCudaDriver.setExceptionsEnabled(true);
        try {
            nullPointersAreRefused();
            CUdeviceptr freed = allocate(BYTES);
            JCudaDriver.cuMemFree(freed);
            refused("x", "is no device memory", () -> op.forward(freed, w, y, stream));
            CUstream closed = new CUstream();
            JCudaDriver.cuStreamCreate(closed, 0);
            JCudaDriver.cuStreamDestroy(closed);
            refused("stream", "cannot be used", () -> op.forward(x, w, y, closed));
            assertThatThrownBy(() -> JCudaDriver.cuMemAlloc(new CUdeviceptr(), 1L << 50)).as("the application's switch stays on")
                    .isInstanceOf(jcuda.CudaException.class);
        } finally {
            JCudaDriver.setExceptionsEnabled(false);
        }
    }

    @Test
    void repeatedCallsAllocateNothing() {
        CUdeviceptr dw = allocate(FILTER_BYTES);
        CUdeviceptr workspace = allocate(op.workspaceBytes());
        Runnable calls = () -> {
            for (int i = 0; i < 10_000; i++) {
                op.forward(x, w, y, stream);
                op.backwardFilter(x, y, dw, workspace, stream);
            }
        };
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        calls.run();
        long before = threads.getCurrentThreadAllocatedBytes();
        calls.run();
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).as("bytes on the heap for 20000 calls").isZero();
    }

    @Test
    void layoutsThatItCannotComputeAreRefusedWithWhatCan() {
        ConvSpec odd = ConvSpec.depthwise(new Shape(1, 4, 4, 3), 3, 1, 1, Padding.symmetric(1));
        assertThat(DepthwiseConv.supports(odd, DType.F32)).isFalse();
        assertThatThrownBy(() -> new DepthwiseConv(odd, DType.F32)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("in nhwc: ").hasMessageContaining("in padded-nhwc any")
                .hasMessageContaining("separable.tune.Convolution runs any problem");
        assertThat(PointwiseConv.supports(ConvSpec.pointwise(new Shape(1, 4, 4, 8), 8), DType.F32, Layout.NCHW)).isFalse();
        for (Layout layout : Layout.values()) {
            new GenericConv(odd, DType.F32, layout).close();
        }
        new DepthwiseConv(odd, DType.F32, Layout.NCHW).close();
        new DepthwiseConv(odd, DType.F32, Layout.PADDED_NHWC).close();
    }

    @Test
    void batchNormNamesItsArguments() {
        Shape shape = SPEC.input();
        try (BatchNorm norm = new BatchNorm(shape, DType.F32, Activation.RELU6, 1e-5f, 0.1f)) {
            CUdeviceptr stats = allocate(2 * 8 * 4);
            CUdeviceptr running = allocate(2 * 8 * 4);
            CUdeviceptr workspace = allocate(norm.workspaceBytes());
            CUdeviceptr tickets = allocate(4L * norm.tickets());
            norm.statistics(x, stats, running, workspace, tickets, stream);
            assertNamed("running", () -> norm.statistics(x, stats, null, workspace, tickets, stream));
            assertNamed("workspace", () -> norm.statistics(x, stats, running, null, tickets, stream));
            assertNamed("tickets", () -> norm.statistics(x, stats, running, workspace, null, stream));
            assertNamed("stats", () -> norm.statistics(x, stats, stats, workspace, tickets, stream));
            assertNamed("gamma", () -> norm.forward(x, stats, null, running, x, stream));
        }
    }

    private static void assertNamed(String argument, Runnable call) {
        assertThatThrownBy(call::run).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("argument " + argument + " ");
    }

    @Test
    void aDriverThatRefusesIsToldAsSuch() {
        CUdeviceptr large = allocate(BYTES);
        op.forward(large, w, y, stream);
        ok(JCudaDriver.cuCtxPopCurrent(new CUcontext()));
        assertThatThrownBy(() -> op.forward(large, w, y, stream)).as("unchanged arguments on a thread without the context")
                .isInstanceOf(DeviceException.class).hasMessageStartingWith("launching kernel dw_forward");
        ok(JCudaDriver.cuCtxPushCurrent(context));
    }
}
