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
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import separable.data.KnownDataset;
import separable.data.MemoryDataset;
import separable.device.Device;
import separable.graph.Graph;
import separable.graph.Plan;
import separable.graph.PlanOptions;
import separable.graph.Role;
import separable.graph.Schedule;
import separable.graph.StateValue;
import separable.graph.Tensor;
import separable.layer.Network;
import separable.model.MobileNetV1;
import separable.model.MobileNetV2;
import separable.spec.Precision;
import separable.testing.DeviceExtension;

/** Steps of the fused schedule and of the plain one that folds alike: the same bits in every tensor that both have, and in the weights after two steps. */
@ExtendWith(DeviceExtension.class)
class FusedStepTest {

    private static final int STEPS = 2;
    private static final int CLASSES = 10;
    private static final int PICTURES = 10;

    static Stream<Arguments> steps() {
        Network v1 = MobileNetV1.standard().withWidth(0.25).withInput(32, 3, 2).withClasses(CLASSES).withDropout(0.3f).network();
        Network v2 = MobileNetV2.standard().withWidth(0.35).withInput(32, 3, 2).withClasses(CLASSES).network();
        return Stream.concat(Stream.of(Precision.FP32, Precision.BF16).flatMap(precision -> Stream.of(Arguments.of(v1, precision, 5), Arguments.of(v2, precision, 5))),
                Stream.of(Arguments.of(v2, Precision.TF32, 3)));
    }

    @ParameterizedTest
    @MethodSource("steps")
    void fusedAndPlainAgreeToTheBit(Network network, Precision precision, int batch, Device device) {
        try (DeviceStep fused = step(device, network, recipe(precision, batch), PlanOptions.keepingEverything().withSchedule(Schedule.FUSED));
             DeviceStep plain = step(device, network, recipe(precision, batch), PlanOptions.keepingEverything().foldingAlike())) {
            run(fused);
            run(plain);
            assertThat(fused.plan().launches()).isLessThan(plain.plan().launches());
            assertSame(fused.plan(), plain.plan());
            assertThat(gradients(fused)).as("gradients").isEqualTo(gradients(plain));
            assertThat(state(fused)).as("weights and running statistics").isEqualTo(state(plain));
            assertThat(fused.metrics().readBytes(0, (int) fused.metrics().bytes())).isEqualTo(plain.metrics().readBytes(0, (int) plain.metrics().bytes()));
        }
    }

    /** However memory is shared and launches reach the device; and a step is as few launches as the schedule promises. */
    @Test
    void theBitsAreThoseOfTheScheduleAlone(Device device) {
        Network network = MobileNetV2.standard().withWidth(0.35).withInput(32, 3, 2).withClasses(CLASSES).network();
        PlanOptions sharing = PlanOptions.standard().withSchedule(Schedule.FUSED);
        PlanOptions keeping = PlanOptions.keepingEverything().withSchedule(Schedule.FUSED);
        Recipe recipe = recipe(Precision.BF16, 3);
        try (DeviceStep captured = step(device, network, recipe, sharing);
             DeviceStep again = step(device, network, recipe, sharing);
             DeviceStep enqueued = step(device, network, recipe.withGraph(false), keeping)) {
            for (DeviceStep step : List.of(captured, again, enqueued)) {
                run(step);
            }
            assertThat(state(again)).as("from run to run").isEqualTo(state(captured));
            assertThat(state(enqueued)).as("enqueued, nothing shared").isEqualTo(state(captured));
            assertThat(captured.nodes()).hasValueSatisfying(nodes -> assertThat(nodes.all()).isEqualTo(nodes.kernels()).isLessThanOrEqualTo(115));
        }
    }

    /** Everything in both arenas: outputs, sums and gradients, and of statistics the rows that both have. */
    private static void assertSame(Plan fused, Plan plain) {
        Map<String, Tensor> statistics = new HashMap<>();
        tensors(plain.graph()).stream().filter(tensor -> tensor.role() == Role.STATISTICS).forEach(tensor -> statistics.put(tensor.name(), tensor));
        List<Tensor> both = new ArrayList<>(tensors(fused.graph()));
        both.retainAll(tensors(plain.graph()));
        assertThat(both.size()).isGreaterThan(50);
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

    private static Recipe recipe(Precision precision, int batch) {
        return Defaults.of("mobilenet-v1", KnownDataset.CIFAR10, true).recipe().withBatch(batch).withPrecision(precision)
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
        step.begin(IntStream.range(0, PICTURES).map(at -> at * 3 % PICTURES).toArray(), 0, 0);
        for (int at = 0; at < STEPS; at++) {
            step.enqueue();
        }
        step.stream().synchronize();
    }
}
