package separable.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import separable.graph.Graph;
import separable.graph.Op;
import separable.spec.Activation;
import separable.spec.DType;
import separable.spec.Padding;
import separable.spec.Shape;

class NetworkTest {

    private static final Weights PLAIN = Weights.withoutBias(Initial.KAIMING_FAN_OUT);
    private static final Shape PICTURE = new Shape(1, 6, 6, 3);

    @Test
    void aResidualBlockThatChangesTheShapeNamesItselfAndBothShapes() {
        Residual block = new Residual(List.of(new NamedLayer("block.conv", new PointwiseConv(5, PLAIN))));
        assertThatThrownBy(() -> new Network.Builder().add("block", block).build("net", PICTURE))
                .isInstanceOf(ShapeException.class)
                .hasMessage("layer 'block': the residual block turns 1x6x6x3 into 1x6x6x5, which cannot be added");
    }

    @Test
    void aStrideLargerThanThePictureNamesTheLayerAndTheShape() {
        assertThatThrownBy(() -> new Network.Builder()
                .add("pool", new GlobalAveragePool())
                .add("late", new DepthwiseConv(3, 2, 1, PadRule.SYMMETRIC, PLAIN)).build("net", PICTURE))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("layer 'late'").hasMessageContaining("stride 2").hasMessageContaining("1x1x1x3").hasMessageContaining("too small");
    }

    @Test
    void aWindowLargerThanThePictureNamesTheLayerAndTheShape() {
        assertThatThrownBy(() -> new Network.Builder().add("big", new Conv(4, 7, 1, PadRule.VALID, PLAIN)).build("net", PICTURE))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("layer 'big'").hasMessageContaining("7x7").hasMessageContaining("1x6x6x3");
    }

    @Test
    void aLossOfAPictureIsAnError() {
        Network network = new Network.Builder().add("conv", new PointwiseConv(5, PLAIN)).build("net", PICTURE);
        assertThatThrownBy(() -> network.trainingGraph(2, DType.F32, new SoftmaxCrossEntropy(0)))
                .isInstanceOf(ShapeException.class).hasMessageContaining("2x6x6x5");
    }

    @Test
    void twoLayersOfOneNameAreAnError() {
        assertThatThrownBy(() -> new Network.Builder().add("a", new PointwiseConv(3, PLAIN)).add("a", new PointwiseConv(3, PLAIN)).build("net", PICTURE))
                .hasMessageContaining("'a.weight'");
    }

    @Test
    void trainingUsesBatchStatisticsAndDropoutInferenceNeither() {
        Network network = new Network.Builder()
                .add("norm", new BatchNorm(Activation.RELU, 1e-5f, 0.1f))
                .add("pool", new GlobalAveragePool())
                .add("drop", new Dropout(0.5f)).build("net", PICTURE);
        assertThat(kinds(network.trainingGraph(2, DType.F32, new SoftmaxCrossEntropy(0))))
                .containsExactly("BatchNormStatistics", "BatchNormForward", "GlobalAveragePoolForward", "DropoutForward", "SoftmaxEvaluate");
        assertThat(kinds(network.evaluationGraph(2, DType.F32, new SoftmaxCrossEntropy(0))))
                .containsExactly("BatchNormForward", "GlobalAveragePoolForward", "SoftmaxEvaluate");
        assertThat(kinds(network.inferenceGraph(2, DType.F32))).containsExactly("BatchNormForward", "GlobalAveragePoolForward");
    }

    @Test
    void sameAtStrideTwoPadsAnEvenPictureAfterOnly() {
        Graph graph = new Network.Builder().add("dw", new DepthwiseConv(3, 2, 1, PadRule.SAME, PLAIN)).build("net", PICTURE).inferenceGraph(1, DType.F32);
        assertThat(((Op.ConvForward) graph.ops().get(0)).spec().padding()).isEqualTo(new Padding(0, 0, 1, 1));
    }

    @Test
    void theSummaryAddsUpWhatALayerLowersTo() {
        Network network = new Network.Builder()
                .add("conv", new Conv(5, 3, 2, PadRule.SYMMETRIC, Weights.withBias(Initial.KAIMING_FAN_OUT)))
                .add("relu", Rectifier.RELU)
                .add("dense", new Dense(7, Weights.withBias(Initial.normal(0.01)))).build("net", PICTURE);
        assertThat(network.summary().rows()).containsExactly(
                new Summary.Row("conv", new Shape(1, 3, 3, 5), 5 * 3 * 9 + 5, 3 * 3 * 5 * 3 * 9),
                new Summary.Row("relu", new Shape(1, 3, 3, 5), 0, 0),
                new Summary.Row("dense", Shape.matrix(1, 7), 7 * 45 + 7, 7 * 45));
        assertThat(network.summary().toString()).contains("conv   3x3x5").contains("total").contains("1,530");
    }

    private static List<String> kinds(Graph graph) {
        return graph.ops().stream().map(op -> op.getClass().getSimpleName()).toList();
    }
}
