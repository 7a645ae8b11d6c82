package separable.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import separable.data.KnownDataset;
import separable.data.MemoryDataset;
import separable.device.Device;
import separable.graph.FusedOp;
import separable.graph.Graph;
import separable.graph.Op;
import separable.graph.Plan;
import separable.graph.PlanOptions;
import separable.graph.Role;
import separable.graph.Schedule;
import separable.graph.StateValue;
import separable.graph.Tensor;
import separable.kernel.LossScale;
import separable.layer.BatchNorm;
import separable.layer.Conv;
import separable.layer.Dense;
import separable.layer.DepthwiseConv;
import separable.layer.Dropout;
import separable.layer.GlobalAveragePool;
import separable.layer.Initial;
import separable.layer.NamedLayer;
import separable.layer.Network;
import separable.layer.PadRule;
import separable.layer.PointwiseConv;
import separable.layer.Residual;
import separable.layer.Weights;
import separable.model.MobileNetV1;
import separable.model.MobileNetV2;
import separable.spec.Activation;
import separable.spec.DType;
import separable.spec.Precision;
import separable.spec.Shape;
import separable.testing.DeviceExtension;

/** Steps of the fused schedule and of the plain one that folds alike: the same bits in every tensor that both have, and in the weights after two steps. */
@ExtendWith(DeviceExtension.class)
class FusedStepTest {

    private static final int STEPS = 2;
    private static final int CLASSES = 10;
    private static final int PICTURES = 10;
    private static final int[] ORDER = IntStream.range(0, PICTURES).map(at -> at * 3 % PICTURES).toArray();

    private static final PlanOptions FUSED = PlanOptions.keepingEverything().withSchedule(Schedule.FUSED);
    private static final PlanOptions ALIKE = PlanOptions.keepingEverything().foldingAlike();

    private record Case(String name, Network network, Recipe recipe) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Case> steps() {
        Network v1 = MobileNetV1.standard().withWidth(0.25).withInput(32, 3, 2).withClasses(CLASSES).withDropout(0.3f).network();
        Network v2 = MobileNetV2.standard().withWidth(0.35).withInput(32, 3, 2).withClasses(CLASSES).network();
        Recipe bf16 = recipe(DType.BF16, 5);
        AugmentConfig mixed = new AugmentConfig(0, 1, true, false, 0, 0, 0, 0, 0, 0, 0.4f, 1);
        return Stream.concat(
                Stream.of(DType.F32, DType.BF16).flatMap(type -> Stream.of(v1, v2).map(network -> new Case(network.name() + " " + type, network, recipe(type, 5)))),
                Stream.of(new Case("two batches a step", residuals(), recipe(DType.BF16, 2).withUpdate(UpdateConfig.PLAIN.withAccumulate(2).withClipNorm(0.5f))),
                        new Case("mixed labels", residuals(), bf16.withInput(bf16.input().withAugment(mixed))),
                        new Case("scaled loss", residuals(), recipe(DType.F16, 5)),
                        new Case("tf32", residuals(), recipe(DType.F32, 5).withPrecision(Precision.TF32))));
    }

    /** Two blocks with a residual each, the first of which takes a skip that is never stored. */
    private static Network residuals() {
        Weights weights = Weights.withoutBias(Initial.KAIMING_FAN_OUT);
        BatchNorm relu6 = new BatchNorm(Activation.RELU6, 1e-5f, 0.1f);
        BatchNorm linear = new BatchNorm(Activation.NONE, 1e-5f, 0.1f);
        Network.Builder layers = new Network.Builder().add("stem.conv", new Conv(8, 3, 2, PadRule.SYMMETRIC, weights)).add("stem.norm", relu6)
                .add("first.conv", new PointwiseConv(16, weights)).add("first.norm", linear);
        for (String block : List.of("a", "b")) {
            layers.add(block, new Residual(List.of(
                    new NamedLayer(block + ".expand", new PointwiseConv(48, weights)), new NamedLayer(block + ".expand.norm", relu6),
                    new NamedLayer(block + ".depthwise", new DepthwiseConv(3, 1, 1, PadRule.SYMMETRIC, weights)), new NamedLayer(block + ".depthwise.norm", relu6),
                    new NamedLayer(block + ".project", new PointwiseConv(16, weights)), new NamedLayer(block + ".project.norm", linear))));
        }
        return layers.add("head.conv", new PointwiseConv(40, weights)).add("head.norm", relu6).add("pool", new GlobalAveragePool()).add("drop", new Dropout(0.2f))
                .add("dense", new Dense(CLASSES, Weights.withBias(Initial.KAIMING_FAN_OUT))).build("residuals", new Shape(1, 12, 12, 3));
    }

    @ParameterizedTest
    @MethodSource("steps")
    void fusedAndPlainAgreeToTheBit(Case each, Device device) {
        try (DeviceStep fused = step(device, each.network, each.recipe, FUSED); DeviceStep plain = step(device, each.network, each.recipe, ALIKE)) {
            run(fused);
            run(plain);
            assertSame(fused, plain);
        }
    }

    /** Backward is fused down to the frozen block and plain below it, and the frozen weights stay. */
    @Test
    void aFrozenMiddleAgreesToTheBit(Device device) {
        Recipe recipe = recipe(DType.BF16, 5).withUpdate(UpdateConfig.PLAIN.withFrozen(List.of("a")));
        try (DeviceStep fused = step(device, residuals(), recipe, FUSED); DeviceStep plain = step(device, residuals(), recipe, ALIKE)) {
            Map<String, Integer> before = state(fused);
            run(fused);
            run(plain);
            assertThat(written(fused, FusedOp.PointwiseBackward.class)).as("fused").contains("head.conv", "b.project").doesNotContain("b.expand");
            assertThat(written(fused, Op.ConvBackwardFilter.class)).as("plain").contains("b.expand", "first.conv", "stem.conv")
                    .doesNotContain("a.expand", "head.conv");
            assertSame(fused, plain);
            state(fused).forEach((name, digest) -> assertThat(digest.equals(before.get(name))).as(name + " stays").isEqualTo(name.startsWith("a.")));
        }
    }

    private static List<String> written(DeviceStep step, Class<? extends Op> kind) {
        return step.plan().graph().ops().stream().filter(kind::isInstance).map(Op::name).toList();
    }

    /** A loss scaled so far that its gradients are not finite in fp16 changes no weights in either schedule, and the step after it is alike. */
    @Test
    void bothSkipWhatOverflows(Device device) {
        Recipe recipe = recipe(DType.F16, 5);
        try (DeviceStep fused = step(device, residuals(), recipe, FUSED); DeviceStep plain = step(device, residuals(), recipe, ALIKE)) {
            for (DeviceStep step : List.of(fused, plain)) {
                byte[] weights = weights(step);
                assertThat(scaleAfter(step, 0, new LossScale(0x1p40f, 3, 0))).isEqualTo(new LossScale(0x1p39f, 0, 1));
                assertThat(weights(step)).as("after a skipped step").isEqualTo(weights);
                assertThat(scaleAfter(step, 1, new LossScale(0x1p10f, 0, 1))).isEqualTo(new LossScale(0x1p10f, 1, 1));
                assertThat(weights(step)).isNotEqualTo(weights);
            }
            assertSame(fused, plain);
        }
    }

    private static LossScale scaleAfter(DeviceStep step, int at, LossScale scale) {
        step.begin(ORDER, 0, at, scale);
        step.enqueue();
        step.stream().synchronize();
        return step.scaled().orElseThrow().read().scale();
    }

    private static byte[] weights(DeviceStep step) {
        return step.parameters().weights().readBytes(0, (int) step.parameters().weights().bytes());
    }

    /** However memory is shared and launches reach the device. */
    @Test
    void theBitsAreThoseOfTheScheduleAlone(Device device) {
        Network network = MobileNetV2.standard().withWidth(0.35).withInput(32, 3, 2).withClasses(CLASSES).network();
        PlanOptions sharing = PlanOptions.standard().withSchedule(Schedule.FUSED);
        PlanOptions keeping = PlanOptions.keepingEverything().withSchedule(Schedule.FUSED);
        Recipe recipe = recipe(DType.BF16, 3);
        try (DeviceStep captured = step(device, network, recipe, sharing);
             DeviceStep again = step(device, network, recipe, sharing);
             DeviceStep enqueued = step(device, network, recipe.withGraph(false), keeping)) {
            for (DeviceStep step : List.of(captured, again, enqueued)) {
                run(step);
            }
            assertThat(state(again)).as("from run to run").isEqualTo(state(captured));
            assertThat(state(enqueued)).as("enqueued, nothing shared").isEqualTo(state(captured));
            assertNodes(captured, 115);
        }
    }

    @Test
    void aStepOfMobileNetV1IsAsFewLaunches(Device device) {
        Network network = MobileNetV1.standard().withWidth(0.05).withInput(17, 3, 2).withClasses(CLASSES).network();
        try (DeviceStep captured = step(device, network, recipe(DType.BF16, 2), PlanOptions.standard().withSchedule(Schedule.FUSED))) {
            run(captured);
            assertNodes(captured, 65);
        }
    }

    /** A step is as few launches as the schedule promises, and nothing else. */
    private static void assertNodes(DeviceStep step, int most) {
        assertThat(step.nodes()).hasValueSatisfying(nodes -> assertThat(nodes.all()).isEqualTo(nodes.kernels()).isBetween(most / 2, most));
    }

    private static void assertSame(DeviceStep fused, DeviceStep plain) {
        assertThat(fused.plan().launches()).isLessThan(plain.plan().launches());
        assertSame(fused.plan(), plain.plan());
        assertThat(gradients(fused)).as("gradients").isEqualTo(gradients(plain));
        assertThat(state(fused)).as("weights and running statistics").isEqualTo(state(plain));
        assertThat(fused.metrics().readBytes(0, (int) fused.metrics().bytes())).isEqualTo(plain.metrics().readBytes(0, (int) plain.metrics().bytes()));
    }

    /** Everything in both arenas: outputs, sums and gradients, and of statistics the rows that both have. */
    private static void assertSame(Plan fused, Plan plain) {
        Map<String, Tensor> statistics = new HashMap<>();
        tensors(plain.graph()).stream().filter(tensor -> tensor.role() == Role.STATISTICS).forEach(tensor -> statistics.put(tensor.name(), tensor));
        List<Tensor> both = new ArrayList<>(tensors(fused.graph()));
        both.retainAll(tensors(plain.graph()));
        assertThat(both.size()).as("tensors that both have").isGreaterThan(20);
        for (Tensor tensor : both) {
            assertThat(fused.read(tensor)).as(tensor.toString()).isEqualTo(plain.read(tensor));
        }
        for (Tensor table : tensors(fused.graph())) {
            if (table.role() == Role.STATISTICS && !both.contains(table)) {
                float[] rows = plain.read(statistics.get(table.name()));
                assertThat(Arrays.copyOf(fused.read(table), rows.length)).as(table.toString()).isEqualTo(rows);
            }
        }
    }

    private static List<Tensor> tensors(Graph graph) {
        return graph.ops().stream().flatMap(op -> op.writes().stream()).filter(tensor -> tensor.role().inArena()).distinct().toList();
    }

    private static float[] gradients(DeviceStep step) {
        return step.parameters().gradients().readFloats(0, step.parameters().elements());
    }

    /** Digests, so that a difference is told by its name. */
    private static Map<String, Integer> state(DeviceStep step) {
        Map<String, Integer> digests = new TreeMap<>();
        step.parameters().export().forEach((name, value) -> {
            if (value instanceof StateValue.Floats floats) {
                for (float each : floats.values()) {
                    assertThat(each).as(name).isFinite();
                }
                digests.put(name, Arrays.hashCode(floats.values()));
            }
        });
        return digests;
    }

    private static Recipe recipe(DType type, int batch) {
        return Defaults.of("mobilenet-v1", KnownDataset.CIFAR10, true).recipe().withBatch(batch).withPrecision(Precision.parse(type.toString()))
                .withOptimizer(new OptimizerConfig("nesterov", 1e-3f, 5e-4f, 0.9f, 0)).withUpdate(UpdateConfig.PLAIN.withEma(0.9f));
    }

    private static DeviceStep step(Device device, Network network, Recipe recipe, PlanOptions options) {
        int size = network.input().h();
        byte[] pictures = new byte[PICTURES * size * size * 3];
        new Random(7).nextBytes(pictures);
        int[] labels = IntStream.range(0, PICTURES).map(at -> 7 * at % CLASSES).toArray();
        MemoryDataset data = new MemoryDataset("noise", "here", size, size, 3, pictures, labels,
                IntStream.range(0, CLASSES).mapToObj(Integer::toString).toList());
        return new DeviceStep(device, network, recipe, data, STEPS, options);
    }

    private static void run(DeviceStep step) {
        step.begin(ORDER, 0, 0);
        for (int at = 0; at < STEPS; at++) {
            step.enqueue();
        }
        step.stream().synchronize();
    }
}
