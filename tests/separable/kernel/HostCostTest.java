package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Padding;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Poisoned;

/** A repeated call leaves nothing on the heap; and the benchmark that takes its time compares what it says it compares. */
@ExtendWith(DeviceExtension.class)
class HostCostTest {

    private static final Shape SHAPE = new Shape(2, 4, 4, 8);
    private static final int CALLS = 200;

    /** What the measurement itself may leave. */
    private static final long BYTES_FOR_ALL_CALLS = CALLS;

    @Test
    void aRepeatedCallOfAnyPassAllocatesNothing(Device device, Stream stream) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        passes(device, stream).forEach((name, pass) -> {
            long allocated = Long.MAX_VALUE;
            // The first rounds link call sites and compile, which allocates too.
            for (int round = 0; round < 4 && allocated >= BYTES_FOR_ALL_CALLS; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                repeat(pass);
                allocated = threads.getCurrentThreadAllocatedBytes() - before;
                stream.synchronize();
            }
            assertThat(allocated).as("bytes on the heap for %d calls of %s", CALLS, name).isLessThan(BYTES_FOR_ALL_CALLS);
        });
    }

    private static void repeat(Runnable pass) {
        for (int call = 0; call < CALLS; call++) {
            pass.run();
        }
    }

    /** One buffer for each operand, large enough for the role in every op here. */
    private static Map<String, Runnable> passes(Device device, Stream stream) {
        var x = buffer(device);
        var w = buffer(device);
        var y = buffer(device);
        var out = buffer(device);
        var dw = buffer(device);
        var sums = buffer(device);
        var workspace = Poisoned.buffer(device, 1 << 16).pointer();
        var tickets = Poisoned.tickets(device, 1024).pointer();
        var s = stream.handle();
        DepthwiseConv depthwise = new DepthwiseConv(device, ConvSpec.depthwise(SHAPE, 3, 1, 1, Padding.symmetric(1)), DType.F32);
        PointwiseConv pointwise = new PointwiseConv(device, ConvSpec.pointwise(SHAPE, 8), DType.F32);
        Conv conv = new Conv(device, ConvSpec.full(SHAPE, 8, 3, 1, 1, Padding.symmetric(1)), DType.F32);
        BatchNorm norm = new BatchNorm(device, SHAPE, DType.F32, Activation.RELU6, 1e-5f, 0.1f);
        Add add = new Add(device, SHAPE, DType.F32);
        Map<String, Runnable> passes = new LinkedHashMap<>();
        passes.put("depthwise forward", () -> depthwise.forward(x, w, y, s));
        passes.put("depthwise data gradient", () -> depthwise.backwardData(y, w, x, s));
        passes.put("depthwise filter gradient", () -> depthwise.backwardFilter(x, y, dw, workspace, tickets, s));
        passes.put("pointwise forward", () -> pointwise.forward(x, w, y, s));
        passes.put("pointwise data gradient", () -> pointwise.backwardData(y, w, x, s));
        passes.put("pointwise filter gradient", () -> pointwise.backwardFilter(x, y, dw, workspace, tickets, s));
        passes.put("convolution forward", () -> conv.forward(x, w, y, s));
        passes.put("convolution data gradient", () -> conv.backwardData(y, w, x, s));
        passes.put("convolution filter gradient", () -> conv.backwardFilter(x, y, dw, workspace, tickets, s));
        passes.put("statistics", () -> norm.statistics(x, sums, w, workspace, tickets, s));
        passes.put("normalisation forward", () -> norm.forward(x, sums, w, dw, y, s));
        passes.put("sum", () -> add.forward(x, y, out, s));
        return passes;
    }

    private static jcuda.driver.CUdeviceptr buffer(Device device) {
        DeviceBuffer buffer = device.allocate(1 << 14, "operand");
        buffer.zero();
        return buffer.pointer();
    }

    @Test
    void theBenchmarkComparesLaunchesOfTheSameKernel() throws IOException {
        HostCostBenchmark benchmark = new HostCostBenchmark();
        benchmark.open();
        float[] depthwise = resultOf(benchmark, benchmark::enqueueDepthwise);
        float[] pointwise = resultOf(benchmark, benchmark::enqueuePointwise);
        assertThat(depthwise).isNotEqualTo(pointwise);
        assertThat(resultOf(benchmark, benchmark::enqueueDepthwiseBare)).isEqualTo(depthwise);
        assertThat(resultOf(benchmark, benchmark::launchDepthwiseGraph)).isEqualTo(depthwise);
        assertThat(resultOf(benchmark, benchmark::launchDepthwiseGraphBare)).isEqualTo(depthwise);
        assertThat(resultOf(benchmark, benchmark::enqueuePointwiseBare)).isEqualTo(pointwise);
        assertThat(resultOf(benchmark, benchmark::launchPointwiseGraph)).isEqualTo(pointwise);
        assertThat(resultOf(benchmark, benchmark::launchPointwiseGraphBare)).isEqualTo(pointwise);
        benchmark.close();
    }

    private static float[] resultOf(HostCostBenchmark benchmark, Runnable call) {
        benchmark.y.fill((byte) 0);
        call.run();
        return benchmark.y.readFloats(0, 32);
    }
}
