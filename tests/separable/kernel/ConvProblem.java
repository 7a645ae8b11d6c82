package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.Consumer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.testing.Expect;
import separable.testing.FiniteDifferences;
import separable.testing.HostFilter;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

/**
 * One convolution with random operands, on the device and as {@link ConvOracle} computes it from the same, rounded numbers.
 * What it allocates is closed by {@code DeviceExtension}.
 */
public record ConvProblem(ConvSpec spec, DType type, Layout layout, HostTensor x, HostFilter w, HostTensor dy) {

    /** As the layer graph stores it. */
    static ConvProblem random(ConvSpec spec, DType type) {
        return random(spec, type, Layout.PADDED_NHWC);
    }

    public static ConvProblem random(ConvSpec spec, DType type, Layout layout) {
        return random(spec, type, layout, 1);
    }

    static ConvProblem random(ConvSpec spec, DType type, Layout layout, long seed) {
        return new ConvProblem(spec, type, layout, HostTensor.random(spec.input(), seed).roundTo(type),
                HostFilter.random(spec, seed + 1).roundTo(type), HostTensor.random(spec.output(), seed + 2).roundTo(type));
    }

    /** {@code forward} or {@code backwardData} of a kernel class. */
    public interface DataProduct {
        void enqueue(CUdeviceptr a, CUdeviceptr w, CUdeviceptr result, CUstream stream);
    }

    public interface FilterProduct {
        void enqueue(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream);
    }

    public HostTensor forward(Device device, DataProduct product) {
        DeviceBuffer y = Poisoned.buffer(device, spec.output(), type, layout);
        run(device, stream -> product.enqueue(x.upload(device, type, layout).pointer(), w.upload(device, type, layout).pointer(), y.pointer(), stream));
        return HostTensor.download(y, spec.output(), type, layout);
    }

    public HostTensor backwardData(Device device, DataProduct product) {
        DeviceBuffer dx = Poisoned.buffer(device, spec.input(), type, layout);
        run(device, stream -> product.enqueue(dy.upload(device, type, layout).pointer(), w.upload(device, type, layout).pointer(), dx.pointer(), stream));
        return HostTensor.download(dx, spec.input(), type, layout);
    }

    /** Runs twice over the same tickets; the two must agree to the bit and leave the tickets zero. */
    public HostFilter backwardFilter(Device device, int elements, long workspaceBytes, int tickets, FilterProduct product) {
        DeviceBuffer a = x.upload(device, type, layout);
        DeviceBuffer b = dy.upload(device, type, layout);
        DeviceBuffer workspace = Poisoned.buffer(device, workspaceBytes);
        DeviceBuffer counters = Poisoned.tickets(device, tickets);
        DeviceBuffer first = Poisoned.floats(device, elements);
        DeviceBuffer second = Poisoned.floats(device, elements);
        for (DeviceBuffer dw : List.of(first, second)) {
            run(device, stream -> product.enqueue(a.pointer(), b.pointer(), dw.pointer(), workspace.pointer(), counters.pointer(), stream));
        }
        assertThat(counters.readInts(0, tickets)).as("tickets of %s", this).containsExactly(new int[tickets]);
        HostFilter result = HostFilter.download(first, spec, layout);
        Expect.same(HostFilter.download(second, spec, layout), result, "second run of the filter gradient of " + this);
        return result;
    }

    private static void run(Device device, Consumer<CUstream> launches) {
        try (Stream stream = device.newStream()) {
            launches.accept(stream.handle());
            stream.synchronize();
        }
    }

    public void checkForward(Device device, DataProduct product) {
        Expect.close(forward(device, product), ConvOracle.forward(x, w), type, "y of " + this);
    }

    public void checkBackwardData(Device device, DataProduct product) {
        Expect.close(backwardData(device, product), ConvOracle.backwardData(dy, w), type, "dx of " + this);
    }

    void checkBackwardFilter(Device device, int elements, long workspaceBytes, int tickets, FilterProduct product) {
        HostFilter dw = backwardFilter(device, elements, workspaceBytes, tickets, product);
        Expect.close(dw, ConvOracle.backwardFilter(spec, x, dy), DType.F32, "dw of " + this);
    }

    /** Both gradients against differences of the oracle's forward pass; for fp32. */
    void checkFiniteDifferences(Device device, DataProduct backwardData, int filterElements, long workspaceBytes, int tickets,
                                FilterProduct backwardFilter) {
        Expect.close(backwardData(device, backwardData).values(),
                FiniteDifferences.gradient(x, () -> ConvOracle.forward(x, w).dot(dy)), type, "dx");
        Expect.close(backwardFilter(device, filterElements, workspaceBytes, tickets, backwardFilter).values(),
                FiniteDifferences.gradient(w, () -> ConvOracle.forward(x, w).dot(dy)), type, "dw");
    }

    @Override
    public String toString() {
        return spec + " " + layout + " " + type;
    }
}
