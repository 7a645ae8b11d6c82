package separable.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.CapturedGraph;
import separable.device.Device;
import separable.layer.Network;
import separable.model.MobileNetV1;
import separable.model.MobileNetV2;
import separable.model.SeparableCnn;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.NormSpec;
import separable.spec.Padding;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostTensor;

/** Plans of inference with batch normalisation in the filters, against those in which every op is its own kernel. */
@ExtendWith(DeviceExtension.class)
class FoldedPlanTest {

    private static final PlanOptions APART = PlanOptions.standard().withFoldedNorms(false);
    private static final MobileNetV1 V1 = MobileNetV1.standard().withInput(16, 3, 1).withClasses(10);
    private static final Network V2 = MobileNetV2.standard().withWidth(0.35).withInput(32, 3, 2).withClasses(10).network();

    /** SAME padding and channel counts that are no multiples of 8; symmetric padding; residuals; biases without normalisation. */
    static Stream<Network> networks() {
        return Stream.of(V1.withWidth(0.3).network(), V1.withWidth(0.25).withStyle(MobileNetV1.Style.TIMM).network(), V2,
                SeparableCnn.standard(12, 5, 1).network());
    }

    /** Weights as they start, but with normalisations that do something: their statistics, scales and shifts are random. */
    private static Parameters randomParameters(Device device, separable.device.Stream stream, Network network, DType type, long seed) {
        Parameters parameters = new Parameters(device, network.state(), type);
        parameters.initialise(seed, stream);
        Map<String, StateValue> state = new LinkedHashMap<>(parameters.export());
        Random random = new Random(seed);
        state.replaceAll((name, value) -> {
            double low = name.endsWith("running_mean") || name.endsWith("bias") ? -0.3 : 0.7;
            boolean vector = value instanceof StateValue.Floats && value.shape().size() == 1;
            return vector ? uniform(value.shape(), random, low, low + 0.6) : value;
        });
        parameters.load(state);
        return parameters;
    }

    private static StateValue uniform(List<Integer> shape, Random random, double low, double high) {
        float[] values = new float[shape.get(0)];
        for (int at = 0; at < values.length; at++) {
            values[at] = (float) (low + (high - low) * random.nextDouble());
        }
        return new StateValue.Floats(shape, values);
    }

    private static Plan plan(Device device, Network network, int batch, DType type, Parameters parameters, PlanOptions options) {
        Plan plan = Plan.inference(device, network.inferenceGraph(batch, type), parameters, options);
        plan.fillArena((byte) 0xff);
        writePictures(plan);
        return plan;
    }

    private static void writePictures(Plan plan) {
        double[] pictures = HostTensor.random(plan.graph().input().shape(), -2, 2, 5).values();
        float[] values = new float[pictures.length];
        for (int at = 0; at < values.length; at++) {
            values[at] = (float) pictures[at];
        }
        plan.writeInput(values);
    }

    private static double[] logits(Plan plan, separable.device.Stream stream) {
        plan.enqueue(stream);
        stream.synchronize();
        float[] values = plan.read(plan.graph().logits());
        double[] wide = new double[values.length];
        Arrays.setAll(wide, at -> values[at]);
        return wide;
    }

    /**
     * The two differ by the rounding of scaled filters and, in 16 bits, by that of every value in between: some 150 of them, each off
     * by at most half a unit in the last place, which add up like a random walk to about ten.
     */
    @ParameterizedTest
    @MethodSource("networks")
    void logitsAreThoseOfEveryOpApart(Network network, Device device, separable.device.Stream stream) {
        for (DType type : DType.values()) {
            double limit = type == DType.F32 ? 1e-5 : 10 * Expect.rounding(type) / 2;
            Parameters parameters = randomParameters(device, stream, network, type, 7);
            for (int batch : new int[] {1, 3}) {
                Plan folded = plan(device, network, batch, type, parameters, PlanOptions.standard());
                double[] logits = logits(folded, stream);
                double[] apart = logits(plan(device, network, batch, type, parameters, APART), stream);
                Expect.relativeL2(logits, apart, limit, network.name() + " " + type + " batch " + batch);
                assertThat(logits(folded, stream)).as("the same bits once more").containsExactly(logits);
            }
        }
    }

    @Test
    void mobileNetV2IsALaunchAConvolutionAndTwoMore(Device device, separable.device.Stream stream) {
        Parameters parameters = randomParameters(device, stream, V2, DType.BF16, 7);
        Plan folded = plan(device, V2, 2, DType.BF16, parameters, PlanOptions.standard());
        assertThat(folded.launches()).as("52 convolutions, pool, classifier").isEqualTo(54);
        assertThat(folded.graph().ops().stream().filter(FoldedConv.class::isInstance)).hasSize(53);
        assertThat(folded.describe()).containsPattern("features.0.0 +FoldedConv +2x32x32x3 -> 2x16x16x16 .* InferenceConv")
                .containsPattern("features.3.conv.2 +FoldedConv +2x8x8x48, 2x8x8x8 -> 2x8x8x8 ");
        assertThat(folded.arenaBytes()).isLessThanOrEqualTo(plan(device, V2, 2, DType.BF16, parameters, APART).arenaBytes());
    }

    /** What DESIGN counts for a forward pass that reads every activation once and writes it once: 27.45 MB a picture in bf16. */
    @Test
    void bytesAreThoseOfTheFloor() {
        Graph graph = FoldedGraph.of(MobileNetV2.standard().network().inferenceGraph(1, DType.BF16)).graph();
        double bytes = 0;
        for (Op op : graph.ops()) {
            for (List<Tensor> tensors : List.of(op.reads(), op.writes())) {
                bytes += tensors.stream().filter(tensor -> tensor.role().inArena())
                        .mapToDouble(tensor -> (double) tensor.shape().rows() * tensor.shape().c() * tensor.type().bytes()).sum();
            }
        }
        assertThat(bytes / 1e6).isCloseTo(27.45, within(0.02 * 27.45));
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void aCapturedPlanHearsOfNewWeights(DType type, Device device, separable.device.Stream stream) {
        Parameters parameters = randomParameters(device, stream, V2, type, 7);
        Plan folded = plan(device, V2, 2, type, parameters, PlanOptions.standard());
        double[] before = logits(folded, stream);
        try (CapturedGraph graph = stream.capture(() -> folded.enqueue(stream))) {
            assertThat(graph.nodes()).isEqualTo(folded.launches());
            parameters.load(randomParameters(device, stream, V2, type, 8).export());
            folded.refresh(stream);
            graph.launch(stream);
            stream.synchronize();
        }
        float[] captured = folded.read(folded.graph().logits());
        double[] enqueued = logits(folded, stream);
        assertThat(enqueued).isNotEqualTo(before);
        assertThat(captured).hasSize(enqueued.length);
        for (int at = 0; at < captured.length; at++) {
            assertThat((double) captured[at]).isEqualTo(enqueued[at]);
        }
        Plan made = plan(device, V2, 2, type, parameters, PlanOptions.standard());
        assertThat(logits(made, stream)).as("a plan made with the new weights").containsExactly(enqueued);
    }

    /** Two readers of a raw convolution, an activation that others read too, two chains into one sum, logits in a chain. */
    @Test
    void chainsThatDoNotFitStayAsTheyAre(Device device, separable.device.Stream stream) {
        Graph graph = branches(2);
        Graph folded = FoldedGraph.of(graph).graph();
        assertThat(folded.ops()).extracting(op -> op.name() + " " + op.getClass().getSimpleName()).containsExactly(
                "read twice ConvForward", "norm of it BatchNormForward", "sum of it AddForward",
                "left FoldedConv", "right FoldedConv", "relu of the sum ActivationForward", "last ConvForward", "norm unread BatchNormForward");
        FoldedConv left = (FoldedConv) folded.ops().get(3);
        FoldedConv right = (FoldedConv) folded.ops().get(4);
        assertThat(List.of(left.activation(), right.activation())).containsExactly(Activation.RELU6, Activation.NONE);
        assertThat(left.skip()).isEmpty();
        assertThat(right.skip()).contains(left.y());

        Parameters parameters = new Parameters(device, graph.state(), DType.F32);
        parameters.initialise(3, stream);
        Plan one = Plan.inference(device, graph, parameters, PlanOptions.standard());
        Plan all = Plan.inference(device, graph, parameters, APART);
        writePictures(one);
        writePictures(all);
        Expect.relativeL2(logits(one, stream), logits(all, stream), 1e-5, "logits");
    }

    private static Graph branches(int batch) {
        GraphBuilder builder = new GraphBuilder("branches", GraphBuilder.Mode.INFERENCE, DType.F32, new Shape(batch, 5, 4, 8));
        Tensor raw = convolution(builder, "read twice", builder.input());
        Tensor normed = norm(builder, "norm of it", raw, Activation.NONE);
        Tensor x = builder.add("sum of it", raw, normed);
        Tensor left = norm(builder, "left norm", convolution(builder, "left", x), Activation.RELU6);
        Tensor right = norm(builder, "right norm", convolution(builder, "right", left), Activation.NONE);
        Tensor sum = builder.add("sum of both", left, right);
        Tensor positive = builder.activation("relu of the sum", Activation.RELU, sum);
        Tensor logits = convolution(builder, "last", positive);
        norm(builder, "norm unread", logits, Activation.NONE);
        return builder.build(logits);
    }

    private static Tensor convolution(GraphBuilder builder, String name, Tensor x) {
        ConvSpec spec = ConvSpec.full(x.shape(), 8, 3, 1, 1, Padding.symmetric(1));
        Parameter filter = new Parameter(name + ".weight", Parameter.Layout.CONVOLUTION, 8, 8, 3, 3, true, InitialValue.normal(0, 0.1f));
        return builder.convolution(name, spec, x, filter, spec.output());
    }

    private static Tensor norm(GraphBuilder builder, String name, Tensor x, Activation activation) {
        return builder.batchNorm(name, new NormSpec(activation, 1e-5f, 0.1f), x, Parameter.vector(name + ".weight", 8, false, InitialValue.constant(1)),
                Parameter.vector(name + ".bias", 8, false, InitialValue.constant(0.5f)), new RunningStatistics(name, 8));
    }
}
