package separable.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import separable.layer.BatchNorm;
import separable.layer.Conv;
import separable.layer.Dense;
import separable.layer.DepthwiseConv;
import separable.layer.GlobalAveragePool;
import separable.layer.Initial;
import separable.layer.MaxPool;
import separable.layer.NamedLayer;
import separable.layer.Network;
import separable.layer.PadRule;
import separable.layer.PointwiseConv;
import separable.layer.Residual;
import separable.layer.SoftmaxCrossEntropy;
import separable.layer.Weights;
import separable.model.MobileNetV1;
import separable.model.MobileNetV2;
import separable.model.SeparableCnn;
import separable.spec.Activation;
import separable.spec.DType;
import separable.spec.Shape;

/** What the pass to the fused schedule makes of training graphs, op by op. */
class FusionTest {

    private static final Weights PLAIN = Weights.withoutBias(Initial.KAIMING_FAN_OUT);
    private static final Weights BIASED = Weights.withBias(Initial.KAIMING_FAN_OUT);
    private static final BatchNorm RELU6 = new BatchNorm(Activation.RELU6, 1e-5f, 0.1f);
    private static final BatchNorm LINEAR = new BatchNorm(Activation.NONE, 1e-5f, 0.1f);

    private static Graph plain(Network network, DType type, Predicate<String> frozen) {
        return Backward.of(network.trainingGraph(2, type, new SoftmaxCrossEntropy(0.1f, false), frozen));
    }

    private static Graph fused(Network network) {
        return Fusion.of(plain(network, DType.BF16, layer -> false), StandInKernels.ALL);
    }

    private static String kinds(List<Op> ops) {
        return ops.stream().collect(Collectors.groupingBy(op -> op.getClass().getSimpleName(), TreeMap::new, Collectors.counting())).toString();
    }

    /** Batch, update, advance and moving average make 114; at 32 pixels a step is as long as it has launches. */
    @Test
    void aStepOfMobileNetV2IsAHundredAndTenLaunches() {
        Graph graph = fused(MobileNetV2.standard().network());
        assertThat(kinds(graph.ops())).isEqualTo("{ConvNorm=52, Dense=1, DenseBackward=1, DepthwiseBackward=17, GradientFold=1, PointwiseBackward=34, Pool=1, "
                + "PoolReduce=1, SoftmaxCrossEntropy=1, StemBackward=1}");
        assertThat(graph.ops()).hasSize(110);
        assertThat(graph.ops().stream().filter(FusedOp.ConvNorm.class::isInstance).map(FusedOp.ConvNorm.class::cast).map(op -> op.source())
                .filter(FusedSource.Sum.class::isInstance)).as("residual sums").hasSize(10);
        assertThat(graph.ops().stream().filter(FusedOp.PointwiseBackward.class::isInstance).map(FusedOp.PointwiseBackward.class::cast)
                .filter(op -> op.skip().isPresent())).as("skip gradients").hasSize(10);
    }

    @Test
    void aStepOfMobileNetV1IsSixtyLaunches() {
        Graph graph = fused(MobileNetV1.standard().network());
        assertThat(kinds(graph.ops())).isEqualTo("{ConvNorm=27, Dense=1, DenseBackward=1, DepthwiseBackward=13, GradientFold=1, PointwiseBackward=13, Pool=1, "
                + "PoolReduce=1, SoftmaxCrossEntropy=1, StemBackward=1}");
        assertThat(graph.ops()).hasSize(60);
    }

    /** Two blocks with a residual each: the first skip is made on load, the second is stored. */
    @Test
    void aResidualChainBecomesTheseLaunches() {
        Network.Builder layers = new Network.Builder().add("stem", new Conv(8, 3, 1, PadRule.SYMMETRIC, PLAIN)).add("stem.n", RELU6)
                .add("in", new PointwiseConv(8, PLAIN)).add("in.n", LINEAR);
        for (String block : List.of("a", "b")) {
            layers.add(block, new Residual(List.of(new NamedLayer(block + "e", new PointwiseConv(16, PLAIN)), new NamedLayer(block + "e.n", RELU6),
                    new NamedLayer(block + "d", new DepthwiseConv(3, 1, 1, PadRule.SYMMETRIC, PLAIN)), new NamedLayer(block + "d.n", RELU6),
                    new NamedLayer(block + "p", new PointwiseConv(8, PLAIN)), new NamedLayer(block + "p.n", LINEAR))));
        }
        Graph graph = fused(layers.add("head", new PointwiseConv(24, PLAIN)).add("head.n", RELU6)
                .add("pool", new GlobalAveragePool()).add("dense", new Dense(4, BIASED)).build("net", new Shape(1, 6, 6, 3)));
        assertThat(graph.ops().stream().map(FusionTest::line)).containsExactly(
                "stem: conv input", "in: conv BN(stem)", "ae: conv BN(in)", "ad: conv BN(ae)", "ap: conv BN(ad)",
                "be: conv a = BN(ap) + BN(in)", "bd: conv BN(be)", "bp: conv BN(bd)", "head: conv b = BN(bp) + a",
                "Pool", "Dense", "SoftmaxCrossEntropy", "DenseBackward", "PoolReduce",
                "head: ONE of pool to BN(bp) with b", "bp: ONE to BN(bd)", "bd: depthwise to BN(be)",
                "be: ONE to BN(ap) with a plus skip", "ap: ONE to BN(ad)", "ad: depthwise to BN(ae)", "ae: ONE to BN(in) plus skip",
                "in: ONE to BN(stem)", "StemBackward", "GradientFold");
        FusedOp.PointwiseBackward head = backward(graph, "head");
        FusedOp.PointwiseBackward expand = backward(graph, "be");
        assertThat(expand.skip()).as("the gradient of the sum is the branch's and the skip's").contains(head.g());
        assertThat(((FusedOp.Stored) backward(graph, "bp").dy()).g()).isEqualTo(head.g());
        assertThat(((FusedOp.Stored) backward(graph, "ap").dy()).sums()).isEqualTo(expand.gradient().sums());
        assertThat(InPlace.of(graph, Lifetimes.of(graph)).root(expand.g())).as("written over the skip's gradient").isEqualTo(head.g());
    }

    /** A residual around one convolution: the gradient that comes in is the skip's too, and blocks read rows of it that others write. */
    @Test
    void aGradientThatIsItsOwnSkipIsNotWrittenOver() {
        Graph graph = fused(new Network.Builder().add("stem", new Conv(8, 3, 1, PadRule.SYMMETRIC, PLAIN)).add("stem.n", RELU6)
                .add("in", new PointwiseConv(8, PLAIN)).add("in.n", LINEAR)
                .add("a", new Residual(List.of(new NamedLayer("ap", new PointwiseConv(8, PLAIN)), new NamedLayer("ap.n", LINEAR))))
                .add("head", new PointwiseConv(24, PLAIN)).add("head.n", RELU6)
                .add("pool", new GlobalAveragePool()).add("dense", new Dense(4, BIASED)).build("net", new Shape(1, 6, 6, 3)));
        FusedOp.PointwiseBackward around = backward(graph, "ap");
        assertThat(around.skip()).contains(((FusedOp.Stored) around.dy()).g());
        assertThat(InPlace.of(graph, Lifetimes.of(graph)).root(around.g())).isEqualTo(around.g());
    }

    private static FusedOp.PointwiseBackward backward(Graph graph, String layer) {
        return graph.ops().stream().filter(FusedOp.PointwiseBackward.class::isInstance).map(FusedOp.PointwiseBackward.class::cast)
                .filter(op -> op.name().equals(layer)).findFirst().orElseThrow();
    }

    private static String line(Op op) {
        if (op instanceof FusedOp.ConvNorm each) {
            return each.name() + ": conv " + source(each.source());
        }
        if (op instanceof FusedOp.PointwiseBackward each) {
            return each.name() + ": " + each.form().form() + (each.dy() instanceof FusedOp.Pooled ? " of pool" : "") + " to " + source(each.source())
                    + each.stored().map(sum -> " with " + sum.name()).orElse("") + each.skip().map(skip -> " plus skip").orElse("");
        }
        if (op instanceof FusedOp.DepthwiseBackward each) {
            return each.name() + ": depthwise to " + source(each.source());
        }
        return op.getClass().getSimpleName();
    }

    private static String source(FusedSource source) {
        if (source instanceof FusedSource.Sum each) {
            return each.sum().name() + " = " + source(each.branch()) + " + " + source(each.skip());
        }
        return source instanceof FusedSource.Norm each ? "BN(" + each.y().name() + ")" : source.like().name();
    }

    private record Case(String name, Network network, Predicate<String> frozen) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Stream<Case> networks() {
        MobileNetV1 v1 = MobileNetV1.standard().withInput(32, 3, 2).withClasses(10);
        MobileNetV2 v2 = MobileNetV2.standard().withInput(32, 3, 2).withClasses(10);
        Predicate<String> none = layer -> false;
        return Stream.of(
                new Case("V1", v1.network(), none),
                new Case("V1, symmetric", v1.withStyle(MobileNetV1.Style.TIMM).network(), none),
                new Case("V1 0.35, padded channels", v1.withWidth(0.35).network(), none),
                new Case("V1 0.25, grey, stem stride 1, no dropout", v1.withWidth(0.25).withInput(28, 1, 1).withDropout(0).network(), none),
                new Case("V2", v2.network(), none),
                new Case("V2 0.25, a residual around a block without expansion", v2.withWidth(0.25).network(), none),
                new Case("V2, frozen beginning", v2.network(), layer -> layer.compareTo("features.4") < 0 && !layer.startsWith("features.1")),
                new Case("V2, frozen middle", v2.network(), layer -> layer.startsWith("features.7")),
                new Case("V2, frozen filters", v2.network(), layer -> layer.matches("features\\.\\d+\\.conv\\.2|features.3.conv.1.0")),
                new Case("V2, frozen head", v2.network(), layer -> layer.startsWith("classifier") || layer.startsWith("features.18")),
                new Case("V2, frozen but the classifier", v2.network(), layer -> !layer.startsWith("classifier")),
                new Case("small CNN", SeparableCnn.standard(12, 5, 1).network(), none),
                new Case("a pool between", new Network.Builder().add("stem", new Conv(8, 3, 1, PadRule.SYMMETRIC, PLAIN)).add("stem.n", RELU6)
                        .add("pool1", new MaxPool(2, 2, PadRule.VALID)).add("conv", new PointwiseConv(16, PLAIN)).add("conv.n", RELU6)
                        .add("last", new DepthwiseConv(3, 1, 1, PadRule.SYMMETRIC, PLAIN)).add("last.n", RELU6)
                        .add("pool", new GlobalAveragePool()).add("dense", new Dense(4, PLAIN)).build("pools", new Shape(1, 8, 8, 3)), none));
    }

    /** Whatever is fused: all is written before it is read, once, and the parameters get all their gradients. */
    @ParameterizedTest
    @MethodSource("networks")
    void everyGraphStaysWhole(Case network) {
        for (DType type : List.of(DType.F32, DType.BF16)) {
            Graph before = plain(network.network, type, network.frozen);
            for (FusedKernels kernels : List.of(StandInKernels.ALL, StandInKernels.FORWARD)) {
                Graph after = Fusion.of(before, kernels);
                assertWhole(after);
                assertThat(gradients(after)).isEqualTo(gradients(before));
                assertThat(running(after)).isEqualTo(running(before));
                assertThat(after.ops().size()).isLessThanOrEqualTo(before.ops().size());
                assertThat(after.logits()).isEqualTo(before.logits());
            }
        }
    }

    private static void assertWhole(Graph graph) {
        Lifetimes.of(graph);
        Set<Tensor> written = new HashSet<>();
        Set<Integer> ids = new HashSet<>();
        for (Op op : graph.ops()) {
            for (Tensor tensor : op.writes()) {
                boolean again = op instanceof Op.BatchNormBackwardReduce reduce && reduce.g().equals(reduce.dy()) && tensor.equals(reduce.g());
                assertThat(written.add(tensor)).as(op.name() + " writes " + tensor).isEqualTo(!again);
                assertThat(again || tensor.role() == Role.PARAMETER_GRADIENT || ids.add(tensor.id())).as(tensor + " has an id of its own").isTrue();
            }
        }
        graph.ops().stream().filter(op -> op instanceof FusedOp).flatMap(op -> Stream.concat(op.reads().stream(), op.writes().stream())).forEach(tensor -> {
            if (tensor.role() == Role.STATISTICS) {
                assertThat(tensor.shape().n()).as(tensor + " of a fused launch").isEqualTo(4);
            }
        });
    }

    private static Set<String> gradients(Graph graph) {
        return graph.ops().stream().flatMap(op -> op.writes().stream()).filter(tensor -> tensor.role() == Role.PARAMETER_GRADIENT).map(Tensor::name)
                .collect(Collectors.toSet());
    }

    private static Set<String> running(Graph graph) {
        return graph.ops().stream().flatMap(op -> op.writes().stream()).filter(tensor -> tensor.role() == Role.RUNNING).map(Tensor::name)
                .collect(Collectors.toSet());
    }

    /** The plain backward pass reads normalised outputs where it makes filter gradients, and only there. */
    @Test
    void withoutABackwardNormalisedInputsStay() {
        Graph graph = Fusion.of(plain(MobileNetV1.standard().network(), DType.F32, layer -> false), StandInKernels.FORWARD);
        assertThat(graph.ops().stream().filter(Op.BatchNormForward.class::isInstance)).hasSize(27);
        assertThat(graph.ops()).noneMatch(Op.BatchNormStatistics.class::isInstance);
        assertThat(graph.ops().stream().filter(FusedOp.ConvNorm.class::isInstance).map(op -> ((FusedOp.ConvNorm) op).source()))
                .hasSize(27).allMatch(FusedSource.Raw.class::isInstance);
    }

    /** What a frozen or unusual part keeps plain ends where the fused launches have what they need again. */
    @Test
    void partsThatDoNotFitStayPlain() {
        Case frozen = networks().filter(each -> each.name.equals("V2, frozen middle")).findFirst().orElseThrow();
        String middle = kinds(Fusion.of(plain(frozen.network, DType.BF16, frozen.frozen), StandInKernels.ALL).ops());
        assertThat(middle).contains("ConvNorm=49", "DepthwiseBackward=10", "PointwiseBackward=20");
        String residual = kinds(fused(MobileNetV2.standard().withWidth(0.25).network()).ops());
        assertThat(residual).as("a skip with an activation is stored, and its gradient's sum made, by plain ops").contains("BatchNormForward=1", "AddForward=1");
        assertThat(fused(networks().filter(each -> each.name.equals("a pool between")).findFirst().orElseThrow().network).ops())
                .as("a dense layer without bias").noneMatch(FusedOp.Dense.class::isInstance);
    }
}
