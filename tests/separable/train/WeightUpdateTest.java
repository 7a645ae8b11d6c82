package separable.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.data.KnownDataset;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.exchange.NamedTensor;
import separable.exchange.SafeTensors;
import separable.graph.Graph;
import separable.graph.Parameters;
import separable.graph.Plan;
import separable.graph.PlanOptions;
import separable.graph.StateValue;
import separable.kernel.LossScale;
import separable.kernel.StepMetrics;
import separable.kernel.StepState;
import separable.layer.BatchNorm;
import separable.layer.Conv;
import separable.layer.Dense;
import separable.layer.DepthwiseConv;
import separable.layer.GlobalAveragePool;
import separable.layer.Initial;
import separable.layer.Network;
import separable.layer.PadRule;
import separable.layer.PointwiseConv;
import separable.layer.SoftmaxCrossEntropy;
import separable.layer.Weights;
import separable.optim.Schedule;
import separable.spec.Activation;
import separable.spec.Precision;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;

/**
 * Three steps with all that happens around the optimizer's rule, against PyTorch in double precision: tests/fixtures/make_update.py
 * made the file and says what it holds.
 */
@ExtendWith(DeviceExtension.class)
class WeightUpdateTest {

    private static final int STEPS = 3;
    private static final int BATCHES = 2;
    private static final int BATCH = 4;
    private static final float RATE = 0.05f;
    private static final float CLIP = 0.9f;

    private static final Weights FILTER = Weights.withoutBias(Initial.HE_UNIFORM);

    private static Network network() {
        return new Network.Builder()
                .add("stem", new Conv(8, 3, 1, PadRule.SYMMETRIC, FILTER))
                .add("stem_norm", new BatchNorm(Activation.RELU6, 1e-5f, 0.1f))
                .add("middle.depthwise", new DepthwiseConv(3, 1, 1, PadRule.SYMMETRIC, FILTER))
                .add("middle.norm", new BatchNorm(Activation.RELU6, 1e-5f, 0.1f))
                .add("tail", new PointwiseConv(16, FILTER))
                .add("tail_norm", new BatchNorm(Activation.NONE, 1e-5f, 0.1f))
                .add("pool", new GlobalAveragePool())
                .add("classifier", new Dense(5, Weights.withBias(Initial.HE_UNIFORM)))
                .build("small", new Shape(1, 6, 6, 3));
    }

    private static Recipe recipe() {
        return Defaults.of("mobilenet-v1", KnownDataset.CIFAR10, true).recipe().withBatch(BATCH)
                .withOptimizer(new OptimizerConfig("nesterov", RATE, 0.02f, 0.9f, 0))
                .withUpdate(new UpdateConfig(BATCHES, CLIP, 0.9f, "weights", List.of("middle")));
    }

    @Test
    void threeStepsAreThoseOfPyTorch(Device device, Stream stream) throws Exception {
        SafeTensors file = SafeTensors.read(Path.of(WeightUpdateTest.class.getResource("/fixtures/update.safetensors").toURI()));
        float[] norms = file.tensor("norms").floats();
        assertThat(norms[0]).as("the first step's gradients are not clipped").isLessThan(CLIP);
        assertThat(norms[1]).as("those of the others are").isGreaterThan(CLIP);
        try (Run run = new Run(device, stream, file, Precision.FP32)) {
            for (int step = 0; step < STEPS; step++) {
                run.step(step);
            }
            compare(run.parameters, file, "after/");
            compare(run.update.average().orElseThrow(), file, "average/");
            expectFrozen(run.parameters.export(), state(file, "initial/"));
            assertThat(run.parameters.exportGradients().get("middle.depthwise.weight").values()).containsOnly(0);
        }
    }

    /**
     * The same three steps in fp16, of a scaled loss: true gradients are averaged and clipped. Before them one with a loss beyond fp16, in
     * which nothing but the running statistics moves, since the forward pass has read its batches.
     */
    @Test
    void inFp16TrueGradientsCountAndAnOverflowIsSkipped(Device device, Stream stream) throws Exception {
        SafeTensors file = SafeTensors.read(Path.of(WeightUpdateTest.class.getResource("/fixtures/update.safetensors").toURI()));
        try (Run run = new Run(device, stream, file, Precision.FP16)) {
            run.state.write(first().withScale(new LossScale(0x1p100f, 5, 1)));
            Map<String, float[]> before = run.weightsAndSlots();
            run.step(0);
            Map<String, float[]> after = run.weightsAndSlots();
            assertThat(after).hasSizeGreaterThan(20).containsOnlyKeys(before.keySet());
            before.forEach((name, values) -> assertThat(after.get(name)).as(name).isEqualTo(values));
            assertThat(run.state.read().updates()).isZero();
            assertThat(run.state.read().scale()).isEqualTo(new LossScale(0x1p99f, 0, 2));
            assertThat(((StateValue.Floats) run.parameters.export().get("stem_norm.running_mean")).values())
                    .isNotEqualTo(((StateValue.Floats) state(file, "initial/").get("stem_norm.running_mean")).values());

            run.restart(file);
            run.state.write(first().withScale(new LossScale(4096, 1999 - STEPS, 0)));
            for (int step = 0; step < STEPS; step++) {
                run.step(step);
            }
            assertThat(run.state.read().updates()).isEqualTo(STEPS);
            assertThat(run.state.read().scale()).isEqualTo(new LossScale(4096, 1999, 0));
            expectMoved(run.parameters, file, "after/");
            expectMoved(run.update.average().orElseThrow(), file, "average/");
        }
    }

    private static StepState.Values first() {
        return StepState.Values.epoch(1, 0, STEPS * BATCHES * BATCH, RATE, BATCH);
    }

    /** A plan and what follows its gradients. */
    private static final class Run implements AutoCloseable {

        final StepState state;
        final Parameters parameters;
        final Plan plan;
        final WeightUpdate update;
        private final Stream stream;
        private final SafeTensors file;

        Run(Device device, Stream stream, SafeTensors file, Precision precision) {
            this.stream = stream;
            this.file = file;
            Recipe recipe = recipe().withPrecision(precision);
            Schedule schedule = new ScheduleConfig("constant", 0, 1, 1).over(1, STEPS, RATE);
            Graph graph = network().trainingGraph(BATCH, recipe.type(), new SoftmaxCrossEntropy(0), recipe.update()::freezes);
            state = new StepState(device);
            state.write(first());
            DeviceBuffer metrics = device.allocate((long) STEPS * BATCHES * StepMetrics.BYTES, "metrics");
            parameters = new Parameters(device, graph.state(), recipe.type());
            plan = Plan.training(device, graph, parameters, state, metrics, PlanOptions.standard());
            update = new WeightUpdate(device, recipe, schedule, parameters, state);
            restart(file);
        }

        final void restart(SafeTensors initial) {
            parameters.load(state(initial, "initial/"));
            update.weightsSet();
        }

        void step(int step) {
            for (int batch = 0; batch < BATCHES; batch++) {
                plan.writeInput(nhwc(file.tensor("input/" + step + "." + batch)));
                plan.writeLabels(Arrays.stream(file.tensor("labels/" + step + "." + batch).integers()).mapToInt(Math::toIntExact).toArray());
                plan.enqueue(stream);
                update.enqueue(batch, stream);
                stream.synchronize();
            }
        }

        /** All that a skipped step must leave, by name. */
        Map<String, float[]> weightsAndSlots() {
            Map<String, float[]> all = new LinkedHashMap<>();
            parameters.export().forEach((name, value) -> keep(all, name, value));
            update.average().orElseThrow().export().forEach((name, value) -> keep(all, "average of " + name, value));
            parameters.export(update.slots().get(0)).forEach((name, value) -> all.put("velocity of " + name, value.values()));
            all.keySet().removeIf(name -> !name.startsWith("average") && name.contains("running"));
            return all;
        }

        private static void keep(Map<String, float[]> all, String name, StateValue value) {
            if (value instanceof StateValue.Floats floats) {
                all.put(name, floats.values());
            }
        }

        @Override
        public void close() {
            update.close();
            plan.close();
        }
    }

    /** As far as in the fixture and the same way, but for what activations and gradients of eleven significant bits make of it. */
    private static void expectMoved(Parameters actual, SafeTensors file, String prefix) {
        Map<String, StateValue> values = actual.export();
        Map<String, StateValue> initial = state(file, "initial/");
        state(file, prefix).forEach((name, expected) -> {
            double[] from = doubles(initial.get(name));
            double[] wanted = difference(doubles(expected), from);
            if (Arrays.stream(wanted).anyMatch(moved -> moved != 0)) {
                Expect.relativeL2(difference(doubles(values.get(name)), from), wanted, 0.02, prefix + name);
            }
        });
    }

    private static double[] difference(double[] a, double[] b) {
        double[] all = new double[a.length];
        Arrays.setAll(all, i -> a[i] - b[i]);
        return all;
    }

    private static Map<String, StateValue> state(SafeTensors file, String prefix) {
        Map<String, StateValue> state = new LinkedHashMap<>();
        for (NamedTensor tensor : file.tensors().values()) {
            if (tensor.name().startsWith(prefix)) {
                List<Integer> shape = Arrays.stream(tensor.shape()).mapToObj(Math::toIntExact).toList();
                state.put(tensor.name().substring(prefix.length()), new StateValue.Floats(shape, tensor.floats()));
            }
        }
        return state;
    }

    private static float[] nhwc(NamedTensor nchw) {
        int channels = (int) nchw.shape()[1];
        int pixels = (int) (nchw.shape()[2] * nchw.shape()[3]);
        float[] from = nchw.floats();
        float[] to = new float[from.length];
        for (int at = 0; at < from.length; at++) {
            to[(at / (channels * pixels) * pixels + at % pixels) * channels + at / pixels % channels] = from[at];
        }
        return to;
    }

    private static void compare(Parameters actual, SafeTensors file, String prefix) {
        Map<String, StateValue> values = actual.export();
        state(file, prefix).forEach((name, expected) -> Expect.close(doubles(values.get(name)), doubles(expected), 2e-6, 2e-5, prefix + name));
    }

    /** To the last bit, running statistics too. */
    private static void expectFrozen(Map<String, StateValue> now, Map<String, StateValue> initial) {
        List<String> frozen = initial.keySet().stream().filter(name -> name.startsWith("middle.")).toList();
        assertThat(frozen).hasSize(5);
        frozen.forEach(name -> assertThat(((StateValue.Floats) now.get(name)).values()).as(name).isEqualTo(((StateValue.Floats) initial.get(name)).values()));
    }

    private static double[] doubles(StateValue value) {
        float[] values = ((StateValue.Floats) value).values();
        double[] wide = new double[values.length];
        Arrays.setAll(wide, i -> values[i]);
        return wide;
    }
}
