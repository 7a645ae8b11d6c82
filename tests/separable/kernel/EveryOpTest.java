package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Handles;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.NormSpec;
import separable.spec.Padding;
import separable.spec.PoolSpec;
import separable.spec.Products;
import separable.spec.Shape;
import separable.testing.DeviceExtension;

/** What every op promises, tried on all of them: two ways to make one, refusals by name, an end. */
@ExtendWith(DeviceExtension.class)
class EveryOpTest {

    private static final Shape SHAPE = new Shape(1, 4, 4, 8);
    private static final DType F32 = DType.F32;

    private static final BatchSpec BATCH = new BatchSpec(4, 4, 0, new Shape(2, 4, 4, 1), List.of(1f), List.of(1f), 1);

    /** With all three launches. */
    private static final Augmentation VARIED = new Augmentation(0, 1, false, false, 0, 0, 0.5f, 0, 0, 0, 0, 0);

    private static final NormSpec NORM = new NormSpec(Activation.RELU, 1e-5f, 0.1f);

    /** More than any operand of these ops needs. */
    private static final long ENOUGH = 1 << 16;

    /** Ops that take their problem with the call, and one that has its operands from the start. */
    private static final Set<Class<?>> WITHOUT_PROBLEM = Set.of(Initialiser.class, Compare.class, StepState.class, GradientFold.class);

    /** Of each class: made on a device, or on the current context when that is null. */
    private static Map<Class<?>, Function<Device, AutoCloseable>> makers() {
        ConvSpec depthwise = ConvSpec.depthwise(SHAPE, 3, 1, 1, Padding.symmetric(1));
        ConvSpec pointwise = ConvSpec.pointwise(SHAPE, 16);
        ConvSpec full = ConvSpec.full(SHAPE, 16, 3, 1, 1, Padding.symmetric(1));
        PoolSpec pool = new PoolSpec(SHAPE, 2, 2, Padding.NONE);
        Shape logits = Shape.matrix(4, 10);
        List<GradientFold.Part> parts = List.of(new GradientFold.Part(Handles.pointer(256), 2, 64, Handles.pointer(512)));
        Map<Class<?>, Function<Device, AutoCloseable>> all = new LinkedHashMap<>();
        all.put(DepthwiseConv.class, d -> d == null ? new DepthwiseConv(depthwise, F32) : new DepthwiseConv(d, depthwise, F32));
        all.put(PointwiseConv.class, d -> d == null ? new PointwiseConv(pointwise, F32) : new PointwiseConv(d, pointwise, F32));
        all.put(Conv.class, d -> d == null ? new Conv(full, F32) : new Conv(d, full, F32));
        all.put(GenericConv.class, d -> d == null ? new GenericConv(full, F32) : new GenericConv(d, full, F32));
        all.put(InferenceConv.class, d -> d == null ? new InferenceConv(full, F32, Activation.RELU, true)
                : new InferenceConv(d, full, F32, Activation.RELU, true));
        all.put(FoldNorm.class, d -> d == null ? new FoldNorm(full, F32, true, 1e-5f) : new FoldNorm(d, full, F32, true, 1e-5f));
        all.put(BatchNorm.class, d -> d == null ? new BatchNorm(SHAPE, F32, Activation.RELU, 1e-5f, 0.1f)
                : new BatchNorm(d, SHAPE, F32, Activation.RELU, 1e-5f, 0.1f));
        NormSpec norm = new NormSpec(Activation.NONE, 1e-5f, 0.1f);
        all.put(FusedPointwiseForward.class, d -> d == null ? new FusedPointwiseForward(pointwise, F32, Products.EXACT, FusedInput.SUM_NORM, Activation.NONE, norm)
                : new FusedPointwiseForward(d, pointwise, F32, Products.EXACT, FusedInput.SUM_NORM, Activation.NONE, norm));
        all.put(FusedPointwiseBackward.class, d -> d == null
                ? new FusedPointwiseBackward(pointwise, F32, Products.EXACT, FusedGradient.STORED, FusedPointwiseBackward.Input.STORED, true, norm, FusedPointwiseBackward.Form.DUAL)
                : new FusedPointwiseBackward(d, pointwise, F32, Products.EXACT, FusedGradient.STORED, FusedPointwiseBackward.Input.STORED, true, norm,
                        FusedPointwiseBackward.Form.DUAL));
        all.put(FusedDepthwiseForward.class, d -> d == null ? new FusedDepthwiseForward(depthwise, F32, FusedInput.NORM, Activation.RELU6, norm)
                : new FusedDepthwiseForward(d, depthwise, F32, FusedInput.NORM, Activation.RELU6, norm));
        FusedDepthwiseBackward.Form form = FusedDepthwiseBackward.Form.BOTH;
        all.put(FusedDepthwiseBackward.class, d -> d == null ? new FusedDepthwiseBackward(depthwise, F32, FusedInput.NORM, norm, form)
                : new FusedDepthwiseBackward(d, depthwise, F32, FusedInput.NORM, norm, form));
        all.put(DepthwiseFolds.class, d -> d == null ? new DepthwiseFolds(depthwise, F32, norm) : new DepthwiseFolds(d, depthwise, F32, norm));
        all.put(FusedStemForward.class, d -> d == null ? new FusedStemForward(full, F32, norm) : new FusedStemForward(d, full, F32, norm));
        all.put(FusedStemBackward.class, d -> d == null ? new FusedStemBackward(full, F32) : new FusedStemBackward(d, full, F32));
        all.put(TiledStatistics.class, d -> d == null ? new TiledStatistics(pointwise, F32, Products.EXACT, FusedInput.NORM, norm)
                : new TiledStatistics(d, pointwise, F32, Products.EXACT, FusedInput.NORM, norm));
        all.put(TiledBackwardReduce.class, d -> d == null
                ? new TiledBackwardReduce(pointwise, F32, Products.EXACT, FusedGradient.STORED, FusedPointwiseBackward.Input.STORED, norm, FusedPointwiseBackward.Form.DUAL)
                : new TiledBackwardReduce(d, pointwise, F32, Products.EXACT, FusedGradient.STORED, FusedPointwiseBackward.Input.STORED, norm,
                        FusedPointwiseBackward.Form.DUAL));
        all.put(Relu.class, d -> d == null ? new Relu(SHAPE, F32, Activation.RELU) : new Relu(d, SHAPE, F32, Activation.RELU));
        all.put(Add.class, d -> d == null ? new Add(SHAPE, F32) : new Add(d, SHAPE, F32));
        all.put(Bias.class, d -> d == null ? new Bias(SHAPE, F32) : new Bias(d, SHAPE, F32));
        all.put(Dropout.class, d -> d == null ? new Dropout(SHAPE, F32, 0.5f, 1) : new Dropout(d, SHAPE, F32, 0.5f, 1));
        all.put(MaxPool.class, d -> d == null ? new MaxPool(pool, F32) : new MaxPool(d, pool, F32));
        all.put(AveragePool.class, d -> d == null ? new AveragePool(pool, F32, true) : new AveragePool(d, pool, F32, true));
        all.put(GlobalAveragePool.class, d -> d == null ? new GlobalAveragePool(SHAPE, F32) : new GlobalAveragePool(d, SHAPE, F32));
        all.put(FusedPool.class, d -> d == null ? new FusedPool(SHAPE, F32, Activation.RELU, 0.5f, 1) : new FusedPool(d, SHAPE, F32, Activation.RELU, 0.5f, 1));
        all.put(FusedPoolReduce.class, d -> d == null ? new FusedPoolReduce(SHAPE, F32, NORM) : new FusedPoolReduce(d, SHAPE, F32, NORM));
        all.put(FusedDense.class, d -> d == null ? new FusedDense(pointwise, F32, Products.EXACT, true)
                : new FusedDense(d, pointwise, F32, Products.EXACT, true));
        all.put(FusedDenseBackward.class, d -> d == null ? new FusedDenseBackward(pointwise, F32, Products.EXACT, true, 0.5f, 1)
                : new FusedDenseBackward(d, pointwise, F32, Products.EXACT, true, 0.5f, 1));
        all.put(SoftmaxCrossEntropy.class, d -> d == null ? new SoftmaxCrossEntropy(logits, F32, 0, false) : new SoftmaxCrossEntropy(d, logits, F32, 0, false));
        all.put(BatchGather.class, d -> d == null ? new BatchGather(BATCH, VARIED, F32) : new BatchGather(d, BATCH, VARIED, F32));
        all.put(SgdUpdate.class, d -> d == null ? new SgdUpdate(64, F32, 0.9f, 0, true) : new SgdUpdate(d, 64, F32, 0.9f, 0, true));
        all.put(RmsPropUpdate.class, d -> d == null ? new RmsPropUpdate(64, F32, 0.9f, 0.9f, 1, 0) : new RmsPropUpdate(d, 64, F32, 0.9f, 0.9f, 1, 0));
        all.put(AdamUpdate.class, d -> d == null ? new AdamUpdate(64, F32, 0.9f, 0.99f, 1, 0, true) : new AdamUpdate(d, 64, F32, 0.9f, 0.99f, 1, 0, true));
        all.put(GradientAccumulation.class, d -> d == null ? new GradientAccumulation(64, 2) : new GradientAccumulation(d, 64, 2));
        all.put(GradientFold.class, d -> d == null ? new GradientFold(parts) : new GradientFold(d, parts));
        all.put(GradientClip.class, d -> d == null ? new GradientClip(64, 1) : new GradientClip(d, 64, 1));
        all.put(LossScaling.class, d -> d == null ? new LossScaling(64, 1, 2) : new LossScaling(d, 64, 1, 2));
        all.put(MovingAverage.class, d -> d == null ? new MovingAverage(64, F32, 0.9f) : new MovingAverage(d, 64, F32, 0.9f));
        all.put(Initialiser.class, d -> d == null ? new Initialiser() : new Initialiser(d));
        all.put(StepState.class, d -> d == null ? new StepState() : new StepState(d));
        all.put(Compare.class, d -> d == null ? new Compare() : new Compare(d));
        return all;
    }

    /** The methods that enqueue on a stream of the caller's and take nothing but pointers. */
    private static List<Method> calls(Class<?> op) {
        List<Method> calls = new ArrayList<>();
        for (Method method : op.getMethods()) {
            Class<?>[] types = method.getParameterTypes();
            boolean pointersThenStream = types.length > 1 && types[types.length - 1] == CUstream.class
                    && Arrays.stream(types, 0, types.length - 1).allMatch(type -> type == CUdeviceptr.class);
            if (pointersThenStream && !method.isBridge()) {
                calls.add(method);
            }
        }
        return calls;
    }

    @Test
    void noOpIsLeftOut() {
        List<String> ops = new ClassFileImporter().withImportOption(new ImportOption.DoNotIncludeTests()).importPackages("separable.kernel")
                .stream().filter(type -> type.isAssignableTo(DeviceOp.class) && !type.getModifiers().contains(
                        JavaModifier.ABSTRACT)).map(JavaClass::getSimpleName).toList();
        assertThat(makers().keySet()).extracting(Class::getSimpleName).containsExactlyInAnyOrderElementsOf(ops);
    }

    @TestFactory
    Stream<DynamicTest> everyArgumentIsNamed(Device device) {
        return makers().entrySet().stream().filter(op -> !WITHOUT_PROBLEM.contains(op.getKey()))
                .map(op -> DynamicTest.dynamicTest(op.getKey().getSimpleName(), () -> {
                    assertThat(calls(op.getKey())).isNotEmpty();
                    try (AutoCloseable made = op.getValue().apply(device)) {
                        for (Method call : calls(op.getKey())) {
                            refusesEachNull(device, made, call);
                        }
                    }
                }));
    }

    /** Every pointer in turn null, the others in memory of their own: refused by name, or not used by this op at all. */
    private static void refusesEachNull(Device device, Object op, Method call) {
        int pointers = call.getParameterCount() - 1;
        int named = 0;
        for (int missing = 0; missing < pointers; missing++) {
            Object[] arguments = new Object[pointers + 1];
            arguments[pointers] = new CUstream();
            for (int i = 0; i < pointers; i++) {
                DeviceBuffer memory = device.allocate(ENOUGH, "operand");
                memory.zero();
                arguments[i] = i == missing ? null : memory.pointer();
            }
            Throwable refusal = thrownBy(op, call, arguments);
            if (refusal != null) {
                assertThat(refusal).as("%s without pointer %d", call, missing).isInstanceOf(IllegalArgumentException.class)
                        .hasMessageMatching("kernel \\w+ \\(.+\\) on a grid .+: argument \\w+ is null: pass device memory of \\d+ bytes");
                named++;
            }
        }
        assertThat(named).as("pointers %s insists on", call).isGreaterThanOrEqualTo(Math.min(2, pointers));
    }

    /** Of every public constructor on a device each part in turn null: refused by its name, before anything is made of the others. */
    @TestFactory
    Stream<DynamicTest> everyMissingPartOfAProblemIsNamed(Device device) {
        return makers().keySet().stream().filter(op -> !WITHOUT_PROBLEM.contains(op))
                .flatMap(op -> Arrays.stream(op.getConstructors())).filter(made -> made.getParameterTypes()[0] == Device.class)
                .map(made -> DynamicTest.dynamicTest(made.toString(), () -> {
                    int open = device.openResources().size();
                    Object[] parts = Arrays.stream(made.getParameterTypes()).map(type -> sample(type, device)).toArray();
                    for (int missing = 1; missing < parts.length; missing++) {
                        if (!made.getParameterTypes()[missing].isPrimitive()) {
                            refusesNull(made, parts, missing);
                        }
                    }
                    assertThat(device.openResources()).hasSize(open);
                }));
    }

    /** Variants exist for known problems only, so any other part is missed before them. */
    private static Object sample(Class<?> type, Device device) {
        ConvSpec depthwise = ConvSpec.depthwise(new Shape(1, 4, 4, 1), 1, 1, 1, Padding.NONE);
        Map<Class<?>, Object> samples = Map.ofEntries(Map.entry(Device.class, device), Map.entry(ConvSpec.class, depthwise),
                Map.entry(DType.class, F32), Map.entry(Layout.class, Layout.NCHW), Map.entry(Shape.class, SHAPE),
                Map.entry(PoolSpec.class, new PoolSpec(SHAPE, 2, 2, Padding.NONE)), Map.entry(Activation.class, Activation.RELU),
                Map.entry(NormSpec.class, NORM), Map.entry(FusedInput.class, FusedInput.RAW),
                Map.entry(FusedGradient.class, FusedGradient.STORED), Map.entry(FusedPointwiseBackward.Input.class, FusedPointwiseBackward.Input.NORM),
                Map.entry(FusedPointwiseBackward.Form.class, FusedPointwiseBackward.Form.DUAL),
                Map.entry(FusedDepthwiseBackward.Form.class, FusedDepthwiseBackward.Form.DATA), Map.entry(Products.class, Products.EXACT),
                Map.entry(BatchSpec.class, BATCH), Map.entry(Augmentation.class, VARIED), Map.entry(int.class, 64), Map.entry(float.class, 0.5f), Map.entry(boolean.class, true));
        return samples.get(type);
    }

    private static void refusesNull(Constructor<?> made, Object[] parts, int missing) {
        Object[] given = parts.clone();
        given[missing] = null;
        assertThatThrownBy(() -> made.newInstance(given)).as("part %d of %s", missing, made).cause()
                .isInstanceOf(NullPointerException.class).hasMessageMatching("\\w+");
    }

    private static Throwable thrownBy(Object op, Method call, Object[] arguments) {
        try {
            assertThat(Modifier.isPublic(call.getModifiers())).isTrue();
            call.invoke(op, arguments);
            return null;
        } catch (InvocationTargetException e) {
            return e.getCause();
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    @TestFactory
    Stream<DynamicTest> everyOpWorksOnTheCurrentContextAndEnds(Device device) {
        return makers().entrySet().stream().map(op -> DynamicTest.dynamicTest(op.getKey().getSimpleName(), () -> {
            device.makeCurrent();
            long memory = device.freeMemory();
            AutoCloseable made = op.getValue().apply(null);
            made.close();
            made.close();
            assertThat(device.freeMemory()).as("bytes free after close").isEqualTo(memory);
            for (Method call : calls(op.getKey())) {
                Throwable refusal = thrownBy(made, call, withStream(call.getParameterCount()));
                assertThat(refusal).as("%s after close", call).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
            }
        }));
    }

    private static Object[] withStream(int count) {
        Object[] arguments = new Object[count];
        arguments[count - 1] = new CUstream();
        return arguments;
    }

    @TestFactory
    Stream<DynamicTest> noOpIsMadeWithoutAContext(Device device) {
        return makers().entrySet().stream().map(op -> DynamicTest.dynamicTest(op.getKey().getSimpleName(), () -> {
            Thread bare = new Thread(() -> assertThatThrownBy(() -> op.getValue().apply(null)).isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("no CUDA context is current"));
            Throwable[] failure = new Throwable[1];
            bare.setUncaughtExceptionHandler((thread, e) -> failure[0] = e);
            bare.start();
            bare.join();
            assertThat(failure[0]).isNull();
        }));
    }
}
