package separable.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import separable.device.CapturedGraph;
import separable.device.Device;
import separable.device.Stream;
import separable.kernel.StepState;
import separable.layer.DepthwiseConv;
import separable.layer.Initial;
import separable.layer.Network;
import separable.layer.PadRule;
import separable.layer.SoftmaxCrossEntropy;
import separable.layer.Weights;
import separable.model.MobileNetV1;
import separable.model.MobileNetV2;
import separable.model.SeparableCnn;
import separable.spec.DType;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;

/** Plans as a whole: what they compute, share, print and give back. */
@ExtendWith(DeviceExtension.class)
class PlanTest {

    private static final Network V1 = MobileNetV1.standard().withWidth(0.25).withInput(16, 3, 1).withClasses(10).withDropout(0.3f).network();
    private static final Network CNN = SeparableCnn.standard(12, 5, 1).network();

    @Test
    void aDepthwiseLayerGivesTheHandNumbers(Device device, Stream stream) {
        Network network = new Network.Builder()
                .add("dw", new DepthwiseConv(3, 1, 1, PadRule.SAME, Weights.withoutBias(Initial.normal(1)))).build("hand", new Shape(1, 5, 5, 2));
        float[] x0 = {1, 0, 1, 2, 1, 0, 2, 1, 0, 1, 1, 1, 0, 2, 0, 2, 2, 1, 1, 0, 2, 0, 1, 2, 0};
        float[] x1 = {2, 0, 2, 1, 1, 0, 1, 0, 0, 2, 1, 0, 0, 2, 1, 1, 1, 2, 1, 0, 1, 0, 1, 1, 1};
        float[] y0 = {1, -3, 0, 1, -2, -1, 3, 1, -1, 3, 1, -1, 0, 3, -2, 1, 1, 1, -2, 1, 4, 1, 4, 2, -1};
        float[] y1 = {1, 3, 2, 3, 2, 2, 1, 3, 4, 2, 3, 4, 5, 6, 1, 2, 3, 5, 4, 0, 1, 2, 1, -1, -1};
        float[] w = {1, 0, 1, -1, 1, 0, 0, -1, 0, -1, 0, 1, 0, 0, 1, 1, 1, 1};
        Graph graph = network.inferenceGraph(1, DType.F32);
        try (Parameters parameters = new Parameters(device, graph.state(), DType.F32);
                Plan plan = Plan.inference(device, graph, parameters, PlanOptions.standard())) {
            parameters.load(Map.of("dw.weight", new StateValue.Floats(List.of(2, 1, 3, 3), w)));
            plan.writeInput(interleave(x0, x1));
            plan.enqueue(stream);
            stream.synchronize();
            assertThat(plan.read(graph.logits())).containsExactly(interleave(y0, y1));
        }
    }

    private static float[] interleave(float[] a, float[] b) {
        float[] both = new float[2 * a.length];
        for (int at = 0; at < a.length; at++) {
            both[2 * at] = a[at];
            both[2 * at + 1] = b[at];
        }
        return both;
    }

    @ParameterizedTest
    @CsvSource({"F32, PLAIN", "BF16, PLAIN", "BF16, FUSED"})
    void mobileNetV2GoesForwardAndBack(DType type, Schedule schedule, Device device, Stream stream) {
        Network network = MobileNetV2.standard().withWidth(0.35).withInput(32, 3, 2).withClasses(10).network();
        try (TrainingStep step = new TrainingStep(device, stream, network, 4, type, PlanOptions.standard().withSchedule(schedule))) {
            step.plan.fillArena((byte) 0xff);
            step.writeBatch();
            step.run();
            assertThat(step.metrics().count()).isEqualTo(4);
            assertThat(step.metrics().lossSum() / 4).as("before training, the loss of guessing").isBetween(2.1f, 2.6f);
            step.parameters.exportGradients().forEach((name, gradient) -> {
                double largest = 0;
                for (float value : gradient.values()) {
                    assertThat(value).as(name).isFinite();
                    largest = Math.max(largest, Math.abs(value));
                }
                assertThat(largest).as(name).isPositive();
            });
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = "F16", mode = EnumSource.Mode.EXCLUDE)
    void sharedMemoryChangesNoBit(DType type, Device device, Stream stream) {
        for (Map.Entry<Network, Schedule> each : List.of(Map.entry(V1, Schedule.PLAIN), Map.entry(CNN, Schedule.PLAIN), Map.entry(V1, Schedule.FUSED))) {
            Network network = each.getKey();
            PlanOptions standard = PlanOptions.standard().withSchedule(each.getValue());
            PlanOptions keeping = PlanOptions.keepingEverything().withSchedule(each.getValue());
            try (TrainingStep shared = new TrainingStep(device, stream, network, 3, type, standard);
                    TrainingStep apart = new TrainingStep(device, stream, network, 3, type, keeping)) {
                shared.plan.fillArena((byte) 0xff);
                shared.writeBatch();
                shared.run();
                apart.run();
                assertThat(shared.gradients()).as(network.name()).isEqualTo(apart.gradients());
                assertThat(shared.metrics()).isEqualTo(apart.metrics());
                // Addends of filter gradients, which only a fused step has, live until its end.
                assertThat(shared.plan.arenaBytes()).isLessThan((long) (apart.plan.arenaBytes() * (each.getValue() == Schedule.FUSED ? 0.8 : 0.67)));
            }
        }
    }

    @Test
    void fp16InfersToItsPrecision(Device device, Stream stream) {
        Graph graph = CNN.inferenceGraph(2, DType.F16);
        Graph exact = CNN.inferenceGraph(2, DType.F32);
        try (Parameters parameters = new Parameters(device, graph.state(), DType.F16);
                Plan half = Plan.inference(device, graph, parameters, PlanOptions.standard());
                Plan full = Plan.inference(device, exact, parameters, PlanOptions.standard())) {
            parameters.initialise(11, stream);
            float[] pictures = new float[2 * 12 * 12];
            for (int at = 0; at < pictures.length; at++) {
                pictures[at] = at % 7 / 3f - 1;
            }
            half.refresh(stream);
            full.refresh(stream);
            half.writeInput(pictures);
            full.writeInput(pictures);
            half.enqueue(stream);
            full.enqueue(stream);
            stream.synchronize();
            // A few roundings of 2^-11 on the way; bf16 copies or activations would be off by 2^-8.
            Expect.relativeL2(doubles(half.read(graph.logits())), doubles(full.read(exact.logits())), 0x1p-10, "logits");
        }
    }

    private static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        Arrays.setAll(wide, at -> values[at]);
        return wide;
    }

    @Test
    void aCapturedStepGivesTheSameBits(Device device, Stream stream) {
        try (TrainingStep plain = new TrainingStep(device, stream, V1, 3, DType.F32, PlanOptions.standard());
                TrainingStep captured = new TrainingStep(device, stream, V1, 3, DType.F32, PlanOptions.standard());
                CapturedGraph graph = stream.capture(() -> captured.plan.enqueue(stream))) {
            assertThat(graph.nodes()).isEqualTo(captured.plan.launches());
            for (int run = 0; run < 2; run++) {
                plain.run();
                graph.launch(stream);
                stream.synchronize();
                assertThat(captured.gradients()).isEqualTo(plain.gradients());
                assertThat(captured.parameters.running().orElseThrow().readFloats(0, captured.parameters.layout().runningElements()))
                        .isEqualTo(plain.parameters.running().orElseThrow().readFloats(0, plain.parameters.layout().runningElements()));
            }
        }
    }

    @Test
    void aRunAllocatesNothing(Device device, Stream stream) {
        try (TrainingStep step = new TrainingStep(device, stream, CNN, 2, DType.F32, PlanOptions.standard())) {
            step.run();
            long before = device.allocations();
            for (int run = 0; run < 20; run++) {
                step.plan.enqueue(stream);
            }
            stream.synchronize();
            assertThat(device.allocations()).isEqualTo(before);
        }
    }

    @Test
    void aHundredPlansOpenedAndClosedLeaveNothing(Device device) {
        Graph graph = CNN.trainingGraph(2, DType.F32, new SoftmaxCrossEntropy(0));
        try (Parameters parameters = new Parameters(device, graph.state(), DType.F32); StepState state = new StepState(device);
                var metrics = device.allocate(16, "metrics")) {
            long before = device.liveBytes();
            for (int round = 0; round < 100; round++) {
                Plan.training(device, graph, parameters, state, metrics, PlanOptions.standard()).close();
            }
            assertThat(device.liveBytes()).isEqualTo(before);
        }
    }

    @Test
    void evaluationSharesTheParametersAtAnotherBatchSize(Device device, Stream stream) {
        try (TrainingStep step = new TrainingStep(device, stream, V1, 3, DType.F32, PlanOptions.standard())) {
            step.run();
            Graph graph = V1.evaluationGraph(1, DType.F32, new SoftmaxCrossEntropy(0));
            Graph larger = V1.inferenceGraph(3, DType.F32);
            try (Plan one = Plan.evaluation(device, graph, step.parameters, step.state, step.metrics, PlanOptions.standard());
                    Plan three = Plan.inference(device, larger, step.parameters, PlanOptions.standard())) {
                float[] pictures = step.plan.read(step.plan.graph().input());
                three.writeInput(pictures);
                one.writeInput(Arrays.copyOf(pictures, pictures.length / 3));
                one.writeLabels(new int[] {2});
                step.state.write(StepState.Values.epoch(5, 0, 1, 0, 1));
                one.enqueue(stream);
                three.enqueue(stream);
                stream.synchronize();
                float[] expected = Arrays.copyOf(three.read(larger.logits()), 10);
                assertThat(one.read(graph.logits())).containsExactly(expected, within(1e-5f));
                assertThat(step.metrics().count()).isEqualTo(1);
            }
        }
    }

    @Test
    void aPlanPrintsItsOpsBytesAndLaunches(Device device, Stream stream) {
        try (TrainingStep step = new TrainingStep(device, stream, CNN, 2, DType.F32, PlanOptions.standard())) {
            String text = step.plan.describe();
            assertThat(text.lines().count()).isEqualTo(step.plan.launches() + 2);
            // x 2x12x12x1 in 8 channels, w 32x3x3x1 in 8 channels, y 2x12x12x32, 4 bytes each.
            assertThat(text.lines().skip(1).findFirst().orElseThrow()).matches(
                    " +0 +conv1 +ConvForward +2x12x12x1 -> 2x12x12x32 +" + String.format(Locale.ROOT, "%,d", 4 * (2 * 144 * 8 + 32 * 9 * 8 + 2 * 144 * 32)) + " +0 +Conv [0-9x]+");
            assertThat(text).contains("block1.depthwise", "ConvBackwardFilter", "DepthwiseConv", "bytes of arena",
                    step.plan.launches() + " launches", "batch 2, fp32");
            assertThat(step.plan.describeStages()).contains("ops\n", "lifetimes\n", "arena\n", "plan\n");
        }
    }

    @Test
    void misuseIsSaidInWords(Device device, Stream stream) {
        Graph graph = CNN.inferenceGraph(2, DType.BF16);
        try (Parameters parameters = new Parameters(device, graph.state(), DType.F32)) {
            long before = device.liveBytes();
            assertThatThrownBy(() -> Plan.inference(device, graph, parameters, PlanOptions.standard())).hasMessageContaining("bf16 plan on parameters made for fp32");
            assertThat(device.liveBytes()).as("a plan that fails leaves nothing").isEqualTo(before);
            Plan plan = Plan.inference(device, CNN.inferenceGraph(2, DType.F32), parameters, PlanOptions.standard());
            assertThatThrownBy(plan::labels).hasMessageContaining("no labels");
            assertThatThrownBy(() -> plan.writeInput(new float[3])).hasMessageContaining("3 values for shape 2x12x12x1");
            plan.close();
            assertThatThrownBy(() -> plan.enqueue(stream)).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
        }
    }
}
