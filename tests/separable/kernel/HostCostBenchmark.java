package separable.kernel;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jcuda.driver.CUdeviceptr;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import separable.device.CapturedGraph;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Padding;
import separable.spec.Shape;

/**
 * What one call of a kernel class costs the host, beside the same launch with JCuda alone: the difference is this library's own
 * part. Calls go out in batches that fit the queue of a stream, and the wait for a batch is not counted; the median over batches
 * does not mind a busy machine. The emulated device must be told to carry no kernel out ({@code SEPARABLE_EMULATOR_IDLE=1}), and
 * its driver call costs what no real one costs: there only the difference means anything.
 *
 * <p>{@code mvn -q test-compile exec:exec@host-cost} runs it.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class HostCostBenchmark {

    private static final int CALLS = 200;
    private static final Shape SHAPE = new Shape(1, 2, 2, 8);

    private final List<AutoCloseable> owned = new ArrayList<>();
    private Stream stream;
    private DepthwiseConv depthwise;
    private PointwiseConv pointwise;
    private BareLaunch bareDepthwise;
    private BareLaunch barePointwise;
    private CapturedGraph depthwiseGraph;
    private CapturedGraph pointwiseGraph;
    private CUdeviceptr x;
    private CUdeviceptr w;
    DeviceBuffer y;

    @Setup
    public void open() throws IOException {
        Device device = keep(Device.open());
        stream = keep(device.newStream());
        x = buffer(device, 1).pointer();
        w = buffer(device, 2).pointer();
        y = buffer(device, 0);
        ConvSpec threeByThree = ConvSpec.depthwise(SHAPE, 3, 1, 1, Padding.symmetric(1));
        depthwise = new DepthwiseConv(device, threeByThree, DType.F32);
        pointwise = new PointwiseConv(device, ConvSpec.pointwise(SHAPE, 8), DType.F32);
        CUdeviceptr[] pointers = {x, w, y.pointer()};
        bareDepthwise = keep(new BareLaunch("dw_forward_k3s1_f32", 128, pointers, 2, 2, 2, 2, 8, 1, 1, 2, 1));
        barePointwise = keep(new BareLaunch("pw_forward_256x8_f32", 32, pointers, 4, 8, 8));
        depthwiseGraph = keep(stream.capture(this::enqueueDepthwise));
        pointwiseGraph = keep(stream.capture(this::enqueuePointwise));
        bareDepthwise.capture(stream.handle());
        barePointwise.capture(stream.handle());
    }

    private <T extends AutoCloseable> T keep(T thing) {
        owned.add(thing);
        return thing;
    }

    /** As many values as the largest operand has: 9 taps of 8 channels. */
    private DeviceBuffer buffer(Device device, int first) {
        float[] values = new float[72];
        for (int at = 0; at < values.length; at++) {
            values[at] = first * (at + 1);
        }
        DeviceBuffer buffer = keep(device.allocate((long) values.length * Float.BYTES, "benchmark values"));
        buffer.write(values);
        return buffer;
    }

    void enqueueDepthwise() {
        depthwise.forward(x, w, y.pointer(), stream.handle());
    }

    void enqueuePointwise() {
        pointwise.forward(x, w, y.pointer(), stream.handle());
    }

    void enqueueDepthwiseBare() {
        bareDepthwise.enqueue(stream.handle());
    }

    void enqueuePointwiseBare() {
        barePointwise.enqueue(stream.handle());
    }

    void launchDepthwiseGraph() {
        depthwiseGraph.launch(stream);
    }

    void launchPointwiseGraph() {
        pointwiseGraph.launch(stream);
    }

    void launchDepthwiseGraphBare() {
        bareDepthwise.launchGraph(stream.handle());
    }

    void launchPointwiseGraphBare() {
        barePointwise.launchGraph(stream.handle());
    }

    @TearDown(Level.Invocation)
    public void waitForBatch() {
        stream.synchronize();
    }

    @TearDown
    public void close() {
        Closing.all(owned);
    }

    private static void batch(Runnable call) {
        for (int at = 0; at < CALLS; at++) {
            call.run();
        }
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void depthwise() {
        batch(this::enqueueDepthwise);
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void depthwiseBare() {
        batch(this::enqueueDepthwiseBare);
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void pointwise() {
        batch(this::enqueuePointwise);
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void pointwiseBare() {
        batch(this::enqueuePointwiseBare);
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void graphOfDepthwise() {
        batch(this::launchDepthwiseGraph);
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void graphOfDepthwiseBare() {
        batch(this::launchDepthwiseGraphBare);
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void graphOfPointwise() {
        batch(this::launchPointwiseGraph);
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public void graphOfPointwiseBare() {
        batch(this::launchPointwiseGraphBare);
    }
}
