package separable.faults;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Handles;
import separable.device.PinnedBuffer;
import separable.kernel.AdamUpdate;
import separable.kernel.Add;
import separable.kernel.Augmentation;
import separable.kernel.AveragePool;
import separable.kernel.BatchGather;
import separable.kernel.BatchNorm;
import separable.kernel.BatchSpec;
import separable.kernel.Bias;
import separable.kernel.Compare;
import separable.kernel.Conv;
import separable.kernel.ConvKernel;
import separable.kernel.DepthwiseConv;
import separable.kernel.DepthwiseFolds;
import separable.kernel.Dropout;
import separable.kernel.FoldNorm;
import separable.kernel.FusedDense;
import separable.kernel.FusedDenseBackward;
import separable.kernel.FusedDepthwiseBackward;
import separable.kernel.FusedDepthwiseForward;
import separable.kernel.FusedGradient;
import separable.kernel.FusedInput;
import separable.kernel.FusedPointwiseBackward;
import separable.kernel.FusedPointwiseForward;
import separable.kernel.FusedPool;
import separable.kernel.FusedPoolReduce;
import separable.kernel.FusedStemBackward;
import separable.kernel.FusedStemForward;
import separable.kernel.GenericConv;
import separable.kernel.GlobalAveragePool;
import separable.kernel.GradientAccumulation;
import separable.kernel.GradientClip;
import separable.kernel.GradientFold;
import separable.kernel.InferenceConv;
import separable.kernel.Initialiser;
import separable.kernel.LossScaling;
import separable.kernel.MaxPool;
import separable.kernel.MovingAverage;
import separable.kernel.PointwiseConv;
import separable.kernel.Relu;
import separable.kernel.RmsPropUpdate;
import separable.kernel.SgdUpdate;
import separable.kernel.SoftmaxCrossEntropy;
import separable.kernel.StepState;
import separable.kernel.TiledBackwardReduce;
import separable.kernel.TiledStatistics;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.NormSpec;
import separable.spec.Padding;
import separable.spec.PoolSpec;
import separable.spec.Products;
import separable.spec.Shape;

/** The op classes: making each, closing it, and each of its passes. */
final class KernelOperations {

    private static final Shape SHAPE = new Shape(1, 4, 4, 8);
    private static final DType F32 = DType.F32;
    private static final int PARAMETERS = OpWalk.OPERAND;

    private final List<Operation> all = new ArrayList<>();

    private KernelOperations() {
    }

    static List<Operation> all() {
        KernelOperations operations = new KernelOperations();
        operations.convolutions();
        operations.fusedDepthwise();
        operations.fusedProducts();
        operations.pointwiseOps();
        operations.pools();
        operations.heads();
        operations.reductions();
        operations.batches();
        operations.updates();
        operations.gradients();
        operations.states();
        return operations.all;
    }

    private <T extends AutoCloseable> OpWalk<T> op(Class<T> type, Function<Device, T> onDevice, Supplier<T> onCurrent) {
        return new OpWalk<>(all, type, "", onDevice, onCurrent);
    }

    private void convolutions() {
        ConvSpec depthwise = ConvSpec.depthwise(SHAPE, 3, 1, 1, Padding.symmetric(1));
        ConvSpec pointwise = ConvSpec.pointwise(SHAPE, 8);
        ConvSpec full = ConvSpec.full(SHAPE, 8, 3, 1, 1, Padding.symmetric(1));
        passes(op(DepthwiseConv.class, device -> new DepthwiseConv(device, depthwise, F32), () -> new DepthwiseConv(depthwise, F32)));
        passes(new OpWalk<>(all, DepthwiseConv.class, " in nchw", device -> new DepthwiseConv(device, depthwise, F32, Layout.NCHW),
                () -> new DepthwiseConv(depthwise, F32, Layout.NCHW)));
        passes(op(PointwiseConv.class, device -> new PointwiseConv(device, pointwise, F32), () -> new PointwiseConv(pointwise, F32)));
        passes(op(Conv.class, device -> new Conv(device, full, F32), () -> new Conv(full, F32)));
        inference(depthwise, pointwise, full);
        passes(op(GenericConv.class, device -> new GenericConv(device, full, F32), () -> new GenericConv(full, F32)));
    }

    private void fusedDepthwise() {
        ConvSpec spec = ConvSpec.depthwise(SHAPE, 3, 1, 1, Padding.symmetric(1));
        NormSpec norm = new NormSpec(Activation.RELU6, 1e-5f, 0.1f);
        op(FusedDepthwiseForward.class, device -> new FusedDepthwiseForward(device, spec, F32, FusedInput.NORM, Activation.RELU6, norm),
                () -> new FusedDepthwiseForward(spec, F32, FusedInput.NORM, Activation.RELU6, norm))
                .pass("enqueue", (op, at) -> op.enqueue(at.a, at.zeros, at.b, at.c, at.d, at.out, at.out2, at.out3, at.workspace, at.tickets, at.stream));
        op(FusedDepthwiseBackward.class, device -> new FusedDepthwiseBackward(device, spec, F32, FusedInput.RAW, norm, FusedDepthwiseBackward.Form.BOTH),
                () -> new FusedDepthwiseBackward(spec, F32, FusedInput.RAW, norm, FusedDepthwiseBackward.Form.BOTH))
                .pass("enqueue", (op, at) -> op.enqueue(at.a, at.b, at.zeros, at.zeros, at.c, null, at.d, at.out, null, null, null, at.out2,
                        at.workspace, at.tickets, at.stream));
        op(DepthwiseFolds.class, device -> new DepthwiseFolds(device, spec, F32, norm), () -> new DepthwiseFolds(spec, F32, norm))
                .pass("statistics", (op, at) -> op.statistics(at.a, at.out, at.out2, at.workspace, at.tickets, at.stream))
                .pass("backwardReduce", (op, at) -> op.backwardReduce(at.a, at.b, at.zeros, at.c, at.d, at.out, at.out2, at.out3,
                        at.workspace, at.tickets, at.stream))
                .pass("backwardFilter", (op, at) -> op.backwardFilter(at.a, at.b, at.out, at.workspace, at.tickets, at.stream));
    }

    private void inference(ConvSpec depthwise, ConvSpec pointwise, ConvSpec full) {
        op(FoldNorm.class, device -> new FoldNorm(device, full, F32, true, 1e-5f), () -> new FoldNorm(full, F32, true, 1e-5f))
                .pass("run", (op, at) -> op.run(at.a, at.b, at.c, at.d, at.zeros, at.out, at.out2, at.stream));
        op(InferenceConv.class, device -> new InferenceConv(device, full, F32, Activation.RELU6, true),
                () -> new InferenceConv(full, F32, Activation.RELU6, true))
                .pass("run", (op, at) -> op.run(at.a, at.b, at.c, at.d, at.out, at.stream));
        new OpWalk<>(all, InferenceConv.class, " of a depthwise one", device -> new InferenceConv(device, depthwise, F32, Activation.RELU6, false),
                () -> new InferenceConv(depthwise, F32, Activation.RELU6, false))
                .pass("run", (op, at) -> op.run(at.a, at.b, at.c, null, at.out, at.stream));
        new OpWalk<>(all, InferenceConv.class, " of a pointwise one", device -> new InferenceConv(device, pointwise, F32, Activation.NONE, false),
                () -> new InferenceConv(pointwise, F32, Activation.NONE, false))
                .pass("run", (op, at) -> op.run(at.a, at.b, at.c, null, at.out, at.stream));
    }

    private static <T extends ConvKernel> void passes(OpWalk<T> conv) {
        conv.pass("forward", (op, at) -> op.forward(at.a, at.b, at.out, at.stream))
                .pass("backwardData", (op, at) -> op.backwardData(at.a, at.b, at.out, at.stream))
                .pass("backwardFilter", (op, at) -> op.backwardFilter(at.a, at.b, at.out, at.workspace, at.stream))
                .pass("backwardFilter with tickets",
                        (op, at) -> op.backwardFilter(at.a, at.b, at.out, at.workspace, at.tickets, at.stream));
    }

    private void fusedProducts() {
        ConvSpec pointwise = ConvSpec.pointwise(SHAPE, 8);
        ConvSpec full = ConvSpec.full(SHAPE, 8, 3, 1, 1, Padding.symmetric(1));
        NormSpec norm = new NormSpec(Activation.NONE, 1e-5f, 0.1f);
        op(FusedPointwiseForward.class, device -> new FusedPointwiseForward(device, pointwise, F32, Products.EXACT, FusedInput.SUM_NORM, Activation.NONE, norm),
                () -> new FusedPointwiseForward(pointwise, F32, Products.EXACT, FusedInput.SUM_NORM, Activation.NONE, norm))
                .pass("enqueue", (op, at) -> op.enqueue(at.a, at.zeros, at.b, at.zeros, at.d, at.c, at.zeros, at.zeros, at.out, at.out2, at.out3,
                        at.workspace, at.tickets, at.stream));
        op(FusedPointwiseBackward.class, device -> new FusedPointwiseBackward(device, pointwise, F32, Products.EXACT, FusedGradient.STORED,
                        FusedPointwiseBackward.Input.STORED, true, norm, FusedPointwiseBackward.Form.DUAL),
                () -> new FusedPointwiseBackward(pointwise, F32, Products.EXACT, FusedGradient.STORED, FusedPointwiseBackward.Input.STORED, true, norm,
                        FusedPointwiseBackward.Form.DUAL))
                .pass("enqueue", (op, at) -> op.enqueue(at.a, at.b, at.a, at.zeros, at.c, at.b, at.zeros, at.a, at.c, at.out, at.out3, at.d, at.e,
                        at.out2, at.workspace, at.tickets, at.stream));
        new OpWalk<>(all, FusedPointwiseBackward.class, " as one", device -> new FusedPointwiseBackward(device, pointwise, DType.BF16, Products.EXACT,
                        FusedGradient.STORED, FusedPointwiseBackward.Input.NORM, false, norm, FusedPointwiseBackward.Form.ONE),
                () -> new FusedPointwiseBackward(pointwise, DType.BF16, Products.EXACT, FusedGradient.STORED, FusedPointwiseBackward.Input.NORM, false, norm,
                        FusedPointwiseBackward.Form.ONE))
                .pass("enqueue", (op, at) -> op.enqueue(at.a, at.b, at.a, at.zeros, null, at.b, at.zeros, null, at.c, at.out, at.out3, at.d, at.e,
                        at.out2, at.workspace, at.tickets, at.stream));
        op(FusedStemForward.class, device -> new FusedStemForward(device, full, F32, norm), () -> new FusedStemForward(full, F32, norm))
                .pass("enqueue", (op, at) -> op.enqueue(at.a, at.b, at.zeros, at.zeros, at.out, at.out2, at.out3, at.workspace, at.tickets, at.stream));
        op(FusedStemBackward.class, device -> new FusedStemBackward(device, full, F32), () -> new FusedStemBackward(full, F32))
                .pass("enqueue", (op, at) -> op.enqueue(at.a, at.b, at.a, at.zeros, at.c, at.out, at.workspace, at.tickets, at.stream));
        op(TiledStatistics.class, device -> new TiledStatistics(device, pointwise, F32, Products.EXACT, FusedInput.NORM, norm),
                () -> new TiledStatistics(pointwise, F32, Products.EXACT, FusedInput.NORM, norm))
                .pass("statistics", (op, at) -> op.statistics(at.a, at.out, at.out2, at.workspace, at.tickets, at.stream));
        op(TiledBackwardReduce.class, device -> new TiledBackwardReduce(device, pointwise, F32, Products.EXACT, FusedGradient.STORED,
                        FusedPointwiseBackward.Input.NORM, norm, FusedPointwiseBackward.Form.DUAL),
                () -> new TiledBackwardReduce(pointwise, F32, Products.EXACT, FusedGradient.STORED, FusedPointwiseBackward.Input.NORM, norm, FusedPointwiseBackward.Form.DUAL))
                .pass("backwardReduce", (op, at) -> op.backwardReduce(at.a, at.b, at.zeros, at.c, at.d, at.out, at.out2, at.out3, at.workspace,
                        at.tickets, at.stream));
    }

    private void pointwiseOps() {
        op(Add.class, device -> new Add(device, SHAPE, F32), () -> new Add(SHAPE, F32))
                .pass("forward", (op, at) -> op.forward(at.a, at.b, at.out, at.stream));
        op(Relu.class, device -> new Relu(device, SHAPE, F32, Activation.RELU6), () -> new Relu(SHAPE, F32, Activation.RELU6))
                .pass("forward", (op, at) -> op.forward(at.a, at.out, at.stream))
                .pass("backward", (op, at) -> op.backward(at.a, at.b, at.out, at.stream));
        op(Dropout.class, device -> new Dropout(device, SHAPE, F32, 0.5f, 1), () -> new Dropout(SHAPE, F32, 0.5f, 1))
                .pass("forward", (op, at) -> op.forward(at.a, at.state, at.out, at.stream))
                .pass("backward", (op, at) -> op.backward(at.a, at.state, at.out, at.stream));
    }

    private void pools() {
        PoolSpec windows = new PoolSpec(SHAPE, 2, 2, Padding.NONE);
        op(MaxPool.class, device -> new MaxPool(device, windows, F32), () -> new MaxPool(windows, F32))
                .pass("forward", (op, at) -> op.forward(at.a, at.out, at.stream))
                .pass("backward", (op, at) -> op.backward(at.a, at.b, at.c, at.out, at.stream));
        op(AveragePool.class, device -> new AveragePool(device, windows, F32, true), () -> new AveragePool(windows, F32, true))
                .pass("forward", (op, at) -> op.forward(at.a, at.out, at.stream))
                .pass("backward", (op, at) -> op.backward(at.a, at.out, at.stream));
        op(GlobalAveragePool.class, device -> new GlobalAveragePool(device, SHAPE, F32), () -> new GlobalAveragePool(SHAPE, F32))
                .pass("forward", (op, at) -> op.forward(at.a, at.out, at.stream))
                .pass("backward", (op, at) -> op.backward(at.a, at.out, at.stream));
    }

    /** The fused schedule's last layers. */
    private void heads() {
        NormSpec norm = new NormSpec(Activation.RELU6, 1e-5f, 0.1f);
        ConvSpec dense = ConvSpec.pointwise(Shape.matrix(2, 8), 8);
        op(FusedPool.class, device -> new FusedPool(device, SHAPE, F32, Activation.RELU6, 0.5f, 1),
                () -> new FusedPool(SHAPE, F32, Activation.RELU6, 0.5f, 1))
                .pass("enqueue", (op, at) -> op.enqueue(at.a, at.b, at.state, at.out, at.stream));
        op(FusedPoolReduce.class, device -> new FusedPoolReduce(device, SHAPE, F32, norm), () -> new FusedPoolReduce(SHAPE, F32, norm))
                .pass("enqueue", (op, at) -> op.enqueue(at.a, at.b, at.c, at.out, at.out2, at.out3, at.workspace, at.tickets, at.stream));
        op(FusedDense.class, device -> new FusedDense(device, dense, F32, Products.EXACT, true), () -> new FusedDense(dense, F32, Products.EXACT, true))
                .pass("enqueue", (op, at) -> op.enqueue(at.a, at.b, at.c, at.out, at.stream));
        op(FusedDenseBackward.class, device -> new FusedDenseBackward(device, dense, F32, Products.EXACT, true, 0.5f, 1),
                () -> new FusedDenseBackward(dense, F32, Products.EXACT, true, 0.5f, 1))
                .pass("enqueue", (op, at) -> op.enqueue(at.a, at.b, at.c, at.state, at.out, at.out2, at.out3, at.workspace, at.tickets, at.stream));
    }

    private void reductions() {
        op(BatchNorm.class, device -> new BatchNorm(device, SHAPE, F32, Activation.RELU6, 1e-5f, 0.1f),
                () -> new BatchNorm(SHAPE, F32, Activation.RELU6, 1e-5f, 0.1f))
                .pass("statistics", (op, at) -> op.statistics(at.a, at.out, at.out2, at.workspace, at.tickets, at.stream))
                .pass("forward", (op, at) -> op.forward(at.a, at.zeros, at.b, at.c, at.out, at.stream))
                .pass("backwardReduce", (op, at) -> op.backwardReduce(at.a, at.b, at.zeros, at.c, at.d, at.out, at.out2, at.out3,
                        at.workspace, at.tickets, at.stream))
                .pass("backwardData", (op, at) -> op.backwardData(at.a, at.b, at.zeros, at.c, at.d, at.e, at.out, at.stream));
        op(Bias.class, device -> new Bias(device, SHAPE, F32), () -> new Bias(SHAPE, F32))
                .pass("forward", (op, at) -> op.forward(at.a, at.b, at.out, at.stream))
                .pass("backward", (op, at) -> op.backward(at.a, at.out, at.workspace, at.tickets, at.stream));
        Shape logits = Shape.matrix(4, 8);
        op(SoftmaxCrossEntropy.class, device -> new SoftmaxCrossEntropy(device, logits, F32, 0.1f, false),
                () -> new SoftmaxCrossEntropy(logits, F32, 0.1f, false))
                .pass("run", (op, at) -> op.run(at.a, at.zeros, at.state, at.out, at.out2, at.workspace, at.tickets, at.stream))
                .pass("evaluate", (op, at) -> op.evaluate(at.a, at.zeros, at.state, at.out, at.workspace, at.tickets, at.stream));
        op(Compare.class, Compare::new, Compare::new)
                .answer("run", (op, at, place) -> op.run(at.a, at.zeros, SHAPE.elements(), F32, 1e-5f, place.stream));
    }

    private void batches() {
        BatchSpec batch = new BatchSpec(4, 4, 0, new Shape(2, 4, 4, 1), List.of(1f), List.of(1f), 1);
        Augmentation moved = Augmentation.moves(1, true, false);
        op(BatchGather.class, device -> new BatchGather(device, batch, moved, F32), () -> new BatchGather(batch, moved, F32))
                .pass("run", (op, at) -> op.run(at.a, at.b, at.zeros, at.state, at.out, at.out2, null, at.stream));
        Augmentation varied = new Augmentation(0, 1, false, false, 20, 0, 0.5f, 0, 0, 0, 0.2f, 0);
        new OpWalk<>(all, BatchGather.class, " of varied pictures", device -> new BatchGather(device, batch, varied, F32),
                () -> new BatchGather(batch, varied, F32))
                .pass("run", (op, at) -> op.run(at.a, at.b, at.zeros, at.state, at.out, at.out2, at.out3, at.stream));
        op(Initialiser.class, Initialiser::new, Initialiser::new)
                .pass("normal", (op, at) -> op.normal(at.out, 8, 8, 8, 8, 0, 1, 7, 0, at.stream))
                .pass("uniform", (op, at) -> op.uniform(at.out, 8, 8, 8, 8, 0, 1, 7, 0, at.stream))
                .pass("constant", (op, at) -> op.constant(at.out, 8, 8, 8, 8, 3, at.stream));
    }

    private void updates() {
        op(SgdUpdate.class, device -> new SgdUpdate(device, PARAMETERS, F32, 0.9f, 0, true), () -> new SgdUpdate(PARAMETERS, F32, 0.9f, 0, true))
                .pass("run", (op, at) -> op.run(at.out, null, at.a, at.out2, at.zeros, at.state, at.stream));
        op(RmsPropUpdate.class, device -> new RmsPropUpdate(device, PARAMETERS, F32, 0.9f, 0.9f, 1, 0),
                () -> new RmsPropUpdate(PARAMETERS, F32, 0.9f, 0.9f, 1, 0))
                .pass("run", (op, at) -> op.run(at.out, null, at.a, at.out2, at.out3, at.zeros, at.state, at.stream));
        op(AdamUpdate.class, device -> new AdamUpdate(device, PARAMETERS, F32, 0.9f, 0.999f, 1e-8f, 0, false),
                () -> new AdamUpdate(PARAMETERS, F32, 0.9f, 0.999f, 1e-8f, 0, false))
                .pass("run", (op, at) -> op.run(at.out, null, at.a, at.out2, at.out3, at.zeros, at.state, at.stream));
    }

    private void gradients() {
        op(GradientAccumulation.class, device -> new GradientAccumulation(device, PARAMETERS, 3), () -> new GradientAccumulation(PARAMETERS, 3))
                .pass("begin", (op, at) -> op.begin(at.a, at.out, at.stream))
                .pass("add", (op, at) -> op.add(at.a, at.out, at.stream))
                .pass("finish", (op, at) -> op.finish(at.out, at.a, at.stream));
        op(GradientClip.class, device -> new GradientClip(device, PARAMETERS, 0.5f), () -> new GradientClip(PARAMETERS, 0.5f))
                .pass("run", (op, at) -> op.run(at.a, at.out, at.workspace, at.tickets, at.stream));
        op(LossScaling.class, device -> new LossScaling(device, PARAMETERS, 0.5f, 3), () -> new LossScaling(PARAMETERS, 0.5f, 3))
                .pass("run", (op, at) -> op.run(at.a, at.out, at.workspace, at.tickets, at.stream));
        List<GradientFold.Part> parts = List.of(new GradientFold.Part(Handles.pointer(256), 2, 64, Handles.pointer(512)));
        op(GradientFold.class, device -> new GradientFold(device, parts), () -> new GradientFold(parts));
        all.add(new Operation("GradientFold.enqueue", place -> {
            DeviceBuffer gradient = place.floats(PARAMETERS / 2);
            GradientFold fold = place.keep(new GradientFold(place.device,
                    List.of(new GradientFold.Part(place.floats(PARAMETERS).pointer(), 2, PARAMETERS / 2, gradient.pointer()))));
            return () -> {
                fold.enqueue(place.stream.handle());
                return () -> gradient.readFloats(0, PARAMETERS / 2);
            };
        }));
        op(MovingAverage.class, device -> new MovingAverage(device, PARAMETERS, F32, 0.9f), () -> new MovingAverage(PARAMETERS, F32, 0.9f))
                .pass("run", (op, at) -> op.run(at.out, null, at.a, at.state, at.stream));
    }

    private void states() {
        StepState.Values second = new StepState.Values(1, 1, 2, 2, 1, 4, 0.25f, 2);
        op(StepState.class, StepState::new, StepState::new)
                .answer("write", (op, at, place) -> {
                    op.write(second);
                    return second;
                })
                .answer("read", (op, at, place) -> {
                    op.write(second);
                    return op.read();
                })
                .answer("readAsync", (op, at, place) -> {
                    try (PinnedBuffer host = place.device.allocatePinned(StepState.BYTES, "state")) {
                        op.write(second);
                        op.readAsync(host, place.stream);
                        place.stream.synchronize();
                        return StepState.Values.scaleIn(host.bytes());
                    }
                })
                .answer("nextBatch", (op, at, place) -> {
                    op.write(second);
                    op.nextBatch(at.stream);
                    place.stream.synchronize();
                    return op.read();
                })
                .answer("advance", (op, at, place) -> {
                    op.write(second);
                    op.advance(at.a, 4, at.stream);
                    place.stream.synchronize();
                    return op.read();
                });
    }
}
