package separable.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.kernel.AdamUpdate;
import separable.kernel.Add;
import separable.kernel.AveragePool;
import separable.kernel.BatchNorm;
import separable.kernel.Bias;
import separable.kernel.Conv;
import separable.kernel.DepthwiseConv;
import separable.kernel.GenericConv;
import separable.kernel.GlobalAveragePool;
import separable.kernel.Initialiser;
import separable.kernel.MaxPool;
import separable.kernel.PointwiseConv;
import separable.kernel.Relu;
import separable.kernel.StepState;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Padding;
import separable.spec.PoolSpec;
import separable.spec.Shape;

/** The op classes: making each, and each of its passes. */
final class KernelOperations {

    private static final Shape SHAPE = new Shape(1, 4, 4, 8);
    private static final int COUNT = 128;
    private static final int OPERAND = 1024;

    /** What passes are given: three inputs, one output, and what reductions need. */
    private record Operands(CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr out, CUdeviceptr workspace, CUdeviceptr tickets,
                            CUstream stream) {
    }

    private interface Pass<T> {
        void enqueue(T kernel, Operands at);
    }

    private final List<Operation> all = new ArrayList<>();

    private KernelOperations() {
    }

    static List<Operation> all() {
        KernelOperations operations = new KernelOperations();
        operations.convolutions();
        operations.pointwiseOps();
        operations.reductions();
        operations.states();
        return operations.all;
    }

    private <T> void making(String name, Function<Device, T> maker) {
        all.add(new Operation("new " + name, place -> () -> {
            T made = maker.apply(place.device);
            if (made instanceof AutoCloseable closeable) {
                place.keep(closeable);
            }
            return () -> made.getClass().getSimpleName();
        }));
    }

    private <T> void pass(String name, Function<Device, T> maker, Pass<T> pass) {
        all.add(new Operation(name, place -> {
            T kernel = maker.apply(place.device);
            if (kernel instanceof AutoCloseable closeable) {
                place.keep(closeable);
            }
            DeviceBuffer out = place.floats(OPERAND);
            Operands at = new Operands(place.floats(OPERAND).pointer(), place.floats(OPERAND).pointer(), place.floats(OPERAND).pointer(),
                    out.pointer(), place.zeros(1 << 16), place.zeros(1 << 10), place.stream.handle());
            return () -> {
                pass.enqueue(kernel, at);
                return () -> out.readFloats(0, COUNT / 2);
            };
        }));
    }

    private void convolutions() {
        ConvSpec spec = ConvSpec.depthwise(SHAPE, 3, 1, 1, Padding.symmetric(1));
        Function<Device, DepthwiseConv> depthwise = device -> new DepthwiseConv(device, spec, DType.F32);
        making("DepthwiseConv", depthwise);
        pass("DepthwiseConv.forward", depthwise, (conv, at) -> conv.forward(at.a, at.b, at.out, at.stream));
        pass("DepthwiseConv.backwardData", depthwise, (conv, at) -> conv.backwardData(at.a, at.b, at.out, at.stream));
        pass("DepthwiseConv.backwardFilter", depthwise,
                (conv, at) -> conv.backwardFilter(at.a, at.b, at.out, at.workspace, at.tickets, at.stream));
        Function<Device, PointwiseConv> pointwise = device -> new PointwiseConv(device, ConvSpec.pointwise(SHAPE, 8), DType.F32);
        making("PointwiseConv", pointwise);
        pass("PointwiseConv.forward", pointwise, (conv, at) -> conv.forward(at.a, at.b, at.out, at.stream));
        pass("PointwiseConv.backwardData", pointwise, (conv, at) -> conv.backwardData(at.a, at.b, at.out, at.stream));
        pass("PointwiseConv.backwardFilter", pointwise,
                (conv, at) -> conv.backwardFilter(at.a, at.b, at.out, at.workspace, at.tickets, at.stream));
        Function<Device, Conv> full = device -> new Conv(device, ConvSpec.full(SHAPE, 8, 3, 1, 1, Padding.symmetric(1)), DType.F32);
        making("Conv", full);
        pass("Conv.forward", full, (conv, at) -> conv.forward(at.a, at.b, at.out, at.stream));
        pass("Conv.backwardData", full, (conv, at) -> conv.backwardData(at.a, at.b, at.out, at.stream));
        pass("Conv.backwardFilter", full, (conv, at) -> conv.backwardFilter(at.a, at.b, at.out, at.workspace, at.tickets, at.stream));
        Function<Device, GenericConv> generic = device -> new GenericConv(device, spec, DType.F32);
        making("GenericConv", generic);
        pass("GenericConv.forward", generic, (conv, at) -> conv.forward(at.a, at.b, at.out, at.stream));
        pass("GenericConv.backwardData", generic, (conv, at) -> conv.backwardData(at.a, at.b, at.out, at.stream));
        pass("GenericConv.backwardFilter", generic,
                (conv, at) -> conv.backwardFilter(at.a, at.b, at.out, at.workspace, at.tickets, at.stream));
    }

    private void pointwiseOps() {
        Function<Device, Add> add = device -> new Add(device, SHAPE, DType.F32);
        making("Add", add);
        pass("Add.forward", add, (sum, at) -> sum.forward(at.a, at.b, at.out, at.stream));
        Function<Device, Relu> relu = device -> new Relu(device, SHAPE, DType.F32, Activation.RELU6);
        making("Relu", relu);
        pass("Relu.forward", relu, (op, at) -> op.forward(at.a, at.out, at.stream));
        pass("Relu.backward", relu, (op, at) -> op.backward(at.a, at.b, at.out, at.stream));
        PoolSpec windows = new PoolSpec(SHAPE, 2, 2, Padding.NONE);
        Function<Device, MaxPool> max = device -> new MaxPool(device, windows, DType.F32);
        making("MaxPool", max);
        pass("MaxPool.forward", max, (pool, at) -> pool.forward(at.a, at.out, at.stream));
        pass("MaxPool.backward", max, (pool, at) -> pool.backward(at.a, at.b, at.c, at.out, at.stream));
        Function<Device, AveragePool> average = device -> new AveragePool(device, windows, DType.F32, true);
        making("AveragePool", average);
        pass("AveragePool.forward", average, (pool, at) -> pool.forward(at.a, at.out, at.stream));
        Function<Device, GlobalAveragePool> global = device -> new GlobalAveragePool(device, SHAPE, DType.F32);
        making("GlobalAveragePool", global);
        pass("GlobalAveragePool.backward", global, (pool, at) -> pool.backward(at.a, at.out, at.stream));
    }

    private void reductions() {
        Function<Device, BatchNorm> norm = device -> new BatchNorm(device, SHAPE, DType.F32, Activation.RELU6, 1e-5f, 0.1f);
        making("BatchNorm", norm);
        pass("BatchNorm.statistics", norm, (op, at) -> op.statistics(at.a, at.out, at.b, at.workspace, at.tickets, at.stream));
        pass("BatchNorm.forward", norm, (op, at) -> op.forward(at.a, at.workspace, at.b, at.c, at.out, at.stream));
        Function<Device, Bias> bias = device -> new Bias(device, SHAPE, DType.F32);
        making("Bias", bias);
        pass("Bias.backward", bias, (op, at) -> op.backward(at.a, at.out, at.workspace, at.tickets, at.stream));
        making("AdamUpdate", device -> new AdamUpdate(device, OPERAND, DType.F32, 0.9f, 0.999f, 1e-8f, 0, false));
        pass("Initialiser.normal", Initialiser::new, (op, at) -> op.normal(at.out, 8, 8, 8, 8, 0, 1, 7, 0, at.stream));
    }

    private void states() {
        making("StepState", StepState::new);
        all.add(new Operation("StepState.write and advance", place -> {
            StepState state = place.keep(new StepState(place.device));
            CUdeviceptr rates = place.floats(4).pointer();
            return () -> {
                state.write(StepState.Values.epoch(1, 0, 4, 0.5f, 2));
                state.advance(rates, 4, place.stream.handle());
                StepState.Values values = state.read();
                return values::toString;
            };
        }));
    }
}
