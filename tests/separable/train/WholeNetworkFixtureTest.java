package separable.train;

import static org.assertj.core.api.Assertions.assertThat;
import static separable.train.WholeNetworkFixture.difference;
import static separable.train.WholeNetworkFixture.doubles;
import static separable.train.WholeNetworkFixture.norm;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.graph.Graph;
import separable.graph.Parameter;
import separable.graph.Parameters;
import separable.graph.Plan;
import separable.graph.PlanOptions;
import separable.graph.Schedule;
import separable.graph.StateValue;
import separable.kernel.StepMetrics;
import separable.kernel.StepState;
import separable.layer.Network;
import separable.layer.SoftmaxCrossEntropy;
import separable.model.MobileNetV1;
import separable.model.MobileNetV2;
import separable.model.SeparableCnn;
import separable.optim.Adam;
import separable.optim.Optimizer;
import separable.optim.Sgd;
import separable.optim.UpdateStep;
import separable.spec.DType;
import separable.testing.DeviceExtension;
import separable.testing.Expect;

/**
 * Three training steps and inference of whole networks in fp32 against PyTorch in double precision.
 *
 * <p>The fixtures have no pre-activation within 1e-4 of a corner, so that no mask can differ; PyTorch's own fp32 is then within
 * 5e-6 of the doubles in every gradient. 1e-4 leaves room for other orders of summation, not for a mistake.
 */
@ExtendWith(DeviceExtension.class)
class WholeNetworkFixtureTest {

    private static final int STEPS = 3;
    private static final double LIMIT = 1e-4;
    /** Relative, of single logits and losses: some reach 40, where 1e-4 is less than fifty units in the last place. */
    private static final double ROUNDING = 1e-5;
    /** Of what three steps changed: the changes are some thousandths of the values, whose fp32 rounding weighs more there. */
    private static final double CHANGE_LIMIT = 5e-3;
    /** A gradient this small beside gamma's is zero in exact arithmetic: that of a beta which the next normalisation takes out again. */
    private static final double VANISHING = 1e-6;

    private static final Optimizer SGD = new Sgd(0.9f, 0.01f, true);
    private static final float SGD_RATE = 0.01f;
    private static final float ADAM_RATE = 1e-3f;

    static List<Arguments> networks() {
        MobileNetV1 v1 = MobileNetV1.standard().withWidth(0.25).withClasses(10).withDropout(0);
        return List.of(
                Arguments.of("mobilenet-v2-035",
                        MobileNetV2.standard().withWidth(0.35).withInput(32, 3, 1).withClasses(10).withDropout(0).network(), SGD, SGD_RATE),
                Arguments.of("mobilenet-v1-025-tf", v1.withInput(48, 3, 2).network(), SGD, SGD_RATE),
                Arguments.of("mobilenet-v1-025-timm", v1.withInput(28, 1, 1).withStyle(MobileNetV1.Style.TIMM).network(), SGD, SGD_RATE),
                Arguments.of("separable-cnn", new SeparableCnn(List.of(8, 8, 16, 16), 32, 10, 3).network(), Adam.standard(), ADAM_RATE));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("networks")
    void threeFusedStepsAreThoseOfPyTorch(String name, Network network, Optimizer optimizer, float rate, Device device, Stream stream)
            throws Exception {
        WholeNetworkFixture fixture = new WholeNetworkFixture(name);
        Parameters parameters = new Parameters(device, network.state(), DType.F32);
        parameters.load(fixture.initialState());
        train(fixture, network, parameters, optimizer, rate, Schedule.FUSED, device, stream);
        compareStateAfter(fixture, parameters.export());
        System.out.println(name + ", fused, largest relative L2 differences: " + fixture.report());
        assertThat(fixture.failures()).isEmpty();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("networks")
    void threeStepsAreThoseOfPyTorch(String name, Network network, Optimizer optimizer, float rate, Device device, Stream stream)
            throws Exception {
        WholeNetworkFixture fixture = new WholeNetworkFixture(name);
        Parameters parameters = new Parameters(device, network.state(), DType.F32);
        assertThat(parameters.layout().parameters().stream().filter(Parameter::decay).map(Parameter::name).collect(Collectors.toSet()))
                .isEqualTo(fixture.decayed());

        parameters.load(fixture.initialState());
        train(fixture, network, parameters, optimizer, rate, Schedule.PLAIN, device, stream);
        compareStateAfter(fixture, parameters.export());
        infer(fixture, network, parameters, "eval/after", device, stream);
        parameters.load(fixture.initialState());
        infer(fixture, network, parameters, "eval/before", device, stream);

        System.out.println(name + ", largest relative L2 differences: " + fixture.report());
        assertThat(fixture.failures()).isEmpty();
    }

    private static void train(WholeNetworkFixture fixture, Network network, Parameters parameters, Optimizer optimizer, float rate,
                              Schedule schedule, Device device, Stream stream) {
        int batch = fixture.input().n();
        StepState state = new StepState(device);
        state.write(StepState.Values.epoch(1, 0, STEPS * batch, rate, batch));
        DeviceBuffer rates = device.allocate(Float.BYTES, "learning rate");
        rates.write(new float[] {rate});
        DeviceBuffer metrics = device.allocate(STEPS * StepMetrics.BYTES, "metrics");
        Graph graph = network.trainingGraph(batch, DType.F32, new SoftmaxCrossEntropy(0));
        Plan plan = Plan.training(device, graph, parameters, state, metrics, PlanOptions.standard().withSchedule(schedule));
        UpdateStep update = optimizer.bind(device, parameters, state);

        for (int step = 0; step < STEPS; step++) {
            plan.writeInput(fixture.pictures(step));
            plan.writeLabels(fixture.labels(step));
            plan.enqueue(stream);
            stream.synchronize();
            compareLogits(fixture, "logits/" + step, plan);
            if (step == 0) {
                compareGradients(fixture, parameters.exportGradients());
            }
            update.enqueue(stream);
            state.advance(rates.pointer(), 1, stream.handle());
        }
        stream.synchronize();
        compareLosses(fixture, metrics, batch);
    }

    private static void infer(WholeNetworkFixture fixture, Network network, Parameters parameters, String key, Device device, Stream stream) {
        Graph graph = network.inferenceGraph(fixture.input().n(), DType.F32);
        Plan plan = Plan.inference(device, graph, parameters, PlanOptions.standard());
        plan.writeInput(fixture.pictures(0));
        plan.enqueue(stream);
        stream.synchronize();
        compareLogits(fixture, key, plan);
    }

    private static void compareLogits(WholeNetworkFixture fixture, String key, Plan plan) {
        double[] logits = doubles(plan.read(plan.graph().logits()));
        double[] expected = fixture.expected(key);
        Expect.close(logits, expected, LIMIT, ROUNDING, key);
        fixture.compare("logits", key, logits, expected, norm(expected), LIMIT);
    }

    private static void compareLosses(WholeNetworkFixture fixture, DeviceBuffer metrics, int batch) {
        ByteBuffer ring = ByteBuffer.wrap(metrics.readBytes(0, STEPS * StepMetrics.BYTES));
        double[] losses = new double[STEPS];
        for (int step = 0; step < STEPS; step++) {
            StepMetrics found = StepMetrics.at(ring, step);
            assertThat(found.count()).isEqualTo(batch);
            losses[step] = found.lossSum() / batch;
        }
        Expect.close(losses, fixture.expected("loss"), LIMIT, ROUNDING, "loss");
        fixture.compare("loss", "loss", losses, fixture.expected("loss"), norm(fixture.expected("loss")), LIMIT);
    }

    private static void compareGradients(WholeNetworkFixture fixture, Map<String, StateValue.Floats> gradients) {
        gradients.forEach((name, value) -> {
            double[] expected = fixture.expected("gradient/" + name);
            fixture.compare("gradient", name, fixture.folded(value.values()), expected, gradientSize(fixture, name, expected), LIMIT);
        });
    }

    /** What a gradient's error is measured against: its own norm, or for a beta without effect its gamma's. */
    private static double gradientSize(WholeNetworkFixture fixture, String name, double[] gradient) {
        String gamma = name.replaceAll("bias$", "weight");
        if (gamma.equals(name)) {
            return norm(gradient);
        }
        double gammaSize = norm(fixture.expected("gradient/" + gamma));
        return norm(gradient) < VANISHING * gammaSize ? gammaSize : norm(gradient);
    }

    private static void compareStateAfter(WholeNetworkFixture fixture, Map<String, StateValue> state) {
        Map<String, StateValue> initial = fixture.initialState();
        initial.forEach((name, before) -> {
            double[] after = fixture.folded(((StateValue.Floats) state.get(name)).values());
            double[] expected = fixture.expected("after/" + name);
            boolean running = name.contains(".running_");
            fixture.compare(running ? "running statistics" : "weights", name, after, expected, norm(expected), LIMIT);
            double change = norm(difference(expected, fixture.folded(((StateValue.Floats) before).values())));
            if (change > VANISHING * norm(expected)) {
                fixture.compare(running ? "change of running statistics" : "change of weights", name, after, expected, change, CHANGE_LIMIT);
            }
        });
        assertThat(state.keySet().stream().filter(name -> !name.endsWith(".num_batches_tracked"))).containsExactlyInAnyOrderElementsOf(initial.keySet());
    }
}
