package separable.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import separable.layer.BatchNorm;
import separable.layer.Conv;
import separable.layer.Dense;
import separable.layer.GlobalAveragePool;
import separable.layer.Initial;
import separable.layer.MaxPool;
import separable.layer.NamedLayer;
import separable.layer.Network;
import separable.layer.PadRule;
import separable.layer.PointwiseConv;
import separable.layer.Rectifier;
import separable.layer.Residual;
import separable.layer.SoftmaxCrossEntropy;
import separable.layer.Weights;
import separable.model.MobileNetV2;
import separable.spec.Activation;
import separable.spec.DType;
import separable.spec.Shape;

/** Which gradient ops the reverse pass emits, and what they read. */
class BackwardTest {

    private static final Weights PLAIN = Weights.withoutBias(Initial.KAIMING_FAN_OUT);
    private static final Weights BIASED = Weights.withBias(Initial.KAIMING_FAN_OUT);
    private static final SoftmaxCrossEntropy LOSS = new SoftmaxCrossEntropy(0);

    @Test
    void opsComeInReverseAndTheInputPictureGetsNoGradient() {
        Graph graph = training(new Network.Builder()
                .add("conv", new Conv(5, 3, 1, PadRule.SYMMETRIC, BIASED))
                .add("relu", Rectifier.RELU)
                .add("pool", new GlobalAveragePool())
                .add("dense", new Dense(4, BIASED)));
        assertThat(backward(graph)).containsExactly(
                "loss SoftmaxCrossEntropy", "dense BiasBackward", "dense ConvBackwardFilter", "dense ConvBackwardData",
                "pool GlobalAveragePoolBackward", "relu ActivationBackward", "conv BiasBackward", "conv ConvBackwardFilter");
    }

    @Test
    void aPoolBeforeTheFirstParameterGetsNoGradient() {
        Graph graph = training(new Network.Builder()
                .add("pool", new MaxPool(2, 2, PadRule.VALID))
                .add("dense", new Dense(4, PLAIN)));
        assertThat(backward(graph)).containsExactly("loss SoftmaxCrossEntropy", "dense ConvBackwardFilter");
    }

    @Test
    void bothSidesOfAResidualAddUp() {
        Graph graph = training(new Network.Builder()
                .add("stem", new PointwiseConv(8, PLAIN))
                .add("block", new Residual(List.of(new NamedLayer("block.conv", new PointwiseConv(8, PLAIN)))))
                .add("dense", new Dense(4, PLAIN)));
        assertThat(backward(graph)).containsExactly("loss SoftmaxCrossEntropy", "dense ConvBackwardFilter", "dense ConvBackwardData",
                "block.conv ConvBackwardFilter", "block.conv ConvBackwardData", "stem AddForward", "stem ConvBackwardFilter");
        Tensor outer = only(graph, Op.ConvBackwardData.class, "dense").dx();
        Tensor inner = only(graph, Op.ConvBackwardData.class, "block.conv").dx();
        Op.AddForward sum = only(graph, Op.AddForward.class, "stem");
        assertThat(only(graph, Op.ConvBackwardFilter.class, "block.conv").dy()).as("the addition passes its gradient on").isEqualTo(outer);
        assertThat(List.of(sum.a(), sum.b())).containsExactly(outer, inner);
        assertThat(only(graph, Op.ConvBackwardFilter.class, "stem").dy()).isEqualTo(sum.y());
    }

    @Test
    void aNormWithoutActivationMasksNothing() {
        Graph graph = training(new Network.Builder()
                .add("conv", new PointwiseConv(8, PLAIN)).add("a", new BatchNorm(Activation.RELU6, 1e-5f, 0.1f))
                .add("conv2", new PointwiseConv(8, PLAIN)).add("b", new BatchNorm(Activation.NONE, 1e-5f, 0.1f))
                .add("dense", new Dense(4, PLAIN)));
        Op.BatchNormBackwardReduce masked = only(graph, Op.BatchNormBackwardReduce.class, "a");
        Op.BatchNormBackwardReduce plain = only(graph, Op.BatchNormBackwardReduce.class, "b");
        assertThat(masked.g()).isNotEqualTo(masked.dy());
        assertThat(plain.g()).isEqualTo(plain.dy());
    }

    /** Of a frozen block in the middle only what passes the gradient on; before a frozen beginning nothing at all. */
    @Test
    void frozenLayersGetNoGradient() {
        Network network = new Network.Builder()
                .add("stem", new PointwiseConv(8, PLAIN)).add("a.conv", new PointwiseConv(8, PLAIN)).add("a.norm", new BatchNorm(Activation.RELU6, 1e-5f, 0.1f))
                .add("dense", new Dense(4, PLAIN)).build("net", new Shape(1, 4, 4, 3));
        Graph middle = Backward.of(network.trainingGraph(2, DType.F32, LOSS, name -> name.startsWith("a.")));
        assertThat(middle.ops()).noneMatch(Op.BatchNormStatistics.class::isInstance);
        assertThat(backward(middle)).containsExactly("loss SoftmaxCrossEntropy", "dense ConvBackwardFilter", "dense ConvBackwardData",
                "a.norm ActivationBackward", "a.norm BatchNormBackwardData", "a.conv ConvBackwardData", "stem ConvBackwardFilter");
        assertThat(middle.state()).isEqualTo(network.state());
        Graph beginning = Backward.of(network.trainingGraph(2, DType.F32, LOSS, name -> !name.equals("dense")));
        assertThat(backward(beginning)).containsExactly("loss SoftmaxCrossEntropy", "dense ConvBackwardFilter");
    }

    @Test
    void everyParameterOfAMobileNetGetsOneGradient() {
        Network network = MobileNetV2.standard().withInput(32, 3, 2).network();
        Graph graph = Backward.of(network.trainingGraph(2, DType.BF16, LOSS));
        List<String> written = graph.ops().stream().flatMap(op -> op.writes().stream())
                .filter(tensor -> tensor.role() == Role.PARAMETER_GRADIENT).map(Tensor::name).toList();
        List<String> declared = new ParameterLayout(network.state()).parameters().stream().map(Parameter::name).toList();
        assertThat(written).containsExactlyInAnyOrderElementsOf(declared);
        assertThat(graph.ops().stream().flatMap(op -> op.writes().stream()).filter(tensor -> tensor.role() == Role.PARAMETER_GRADIENT))
                .allMatch(tensor -> tensor.type() == DType.F32);
    }

    @Test
    void aGraphWithoutLossOrWithRunningStatisticsDoesNotTrain() {
        Network network = new Network.Builder()
                .add("conv", new PointwiseConv(8, PLAIN)).add("norm", new BatchNorm(Activation.NONE, 1e-5f, 0.1f))
                .add("pool", new GlobalAveragePool()).build("net", new Shape(1, 2, 2, 3));
        assertThatThrownBy(() -> Backward.of(network.inferenceGraph(2, DType.F32))).hasMessageContaining("no loss");
        assertThatThrownBy(() -> Backward.of(network.evaluationGraph(2, DType.F32, LOSS)))
                .hasMessageContaining("norm: normalises with running statistics");
    }

    private static Graph training(Network.Builder layers) {
        return Backward.of(layers.build("net", new Shape(1, 4, 4, 3)).trainingGraph(2, DType.F32, LOSS));
    }

    private static List<String> backward(Graph graph) {
        List<String> all = graph.ops().stream().map(op -> op.name() + " " + op.getClass().getSimpleName()).toList();
        return all.subList(all.indexOf("loss SoftmaxCrossEntropy"), all.size());
    }

    private static <T extends Op> T only(Graph graph, Class<T> type, String name) {
        List<T> found = graph.ops().stream().filter(type::isInstance).map(type::cast).filter(op -> op.name().equals(name)).toList();
        assertThat(found).hasSize(1);
        return found.get(0);
    }
}
