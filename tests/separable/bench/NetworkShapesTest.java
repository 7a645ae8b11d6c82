package separable.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import separable.layer.Network;
import separable.model.MobileNetV1;
import separable.model.MobileNetV2;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.tune.Problem;

/** Against counts of layers, multiply-adds and bytes worked out from the papers' tables, at 224 and for one picture. */
class NetworkShapesTest {

    private static final List<BenchShape> V1 = NetworkShapes.of(MobileNetV1.standard().withStyle(MobileNetV1.Style.TIMM).network(), 1);
    private static final List<BenchShape> V2 = NetworkShapes.of(MobileNetV2.standard().network(), 1);

    private static int distinct(List<BenchShape> shapes, ConvFamily family) {
        return NetworkShapes.only(shapes, Optional.of(family)).size();
    }

    private static int convolutions(List<BenchShape> shapes, ConvFamily family) {
        return NetworkShapes.only(shapes, Optional.of(family)).stream().mapToInt(BenchShape::count).sum();
    }

    @Test
    void mobileNetV1HasNineShapesOfEitherKind() {
        assertThat(V1).hasSize(19);
        assertThat(distinct(V1, ConvFamily.DEPTHWISE)).isEqualTo(9);
        assertThat(convolutions(V1, ConvFamily.DEPTHWISE)).isEqualTo(13);
        assertThat(distinct(V1, ConvFamily.POINTWISE)).isEqualTo(9);
        assertThat(convolutions(V1, ConvFamily.POINTWISE)).isEqualTo(13);
        assertThat(V1.get(0).name()).isEqualTo("conv3s2 224x224x3-32");
        assertThat(V1).filteredOn(shape -> shape.count() == 5).extracting(BenchShape::name)
                .containsExactly("dw3s1 14x14x512", "pw 14x14x512-512");
    }

    @Test
    void mobileNetV2HasFiftyTwoConvolutions() {
        assertThat(V2).hasSize(30);
        assertThat(convolutions(V2, ConvFamily.DEPTHWISE)).isEqualTo(17);
        assertThat(convolutions(V2, ConvFamily.POINTWISE)).isEqualTo(34);
        assertThat(convolutions(V2, ConvFamily.OTHER)).isEqualTo(1);
        assertThat(V2).filteredOn(shape -> shape.count() == 4).extracting(BenchShape::name)
                .containsExactly("pw 14x14x64-384", "dw3s1 14x14x384");
    }

    /** The papers' multiply-adds without the classifier's 1,024,000 and 1,280,000. */
    @Test
    void theyDoTheModelsArithmetic() {
        assertThat(multiplyAdds(V1)).isEqualTo(568_740_352L - 1_024_000);
        assertThat(multiplyAdds(V2)).isEqualTo(300_774_272L - 1_280_000);
    }

    private static long multiplyAdds(List<BenchShape> shapes) {
        return shapes.stream().mapToLong(shape -> shape.count() * shape.spec().multiplyAdds()).sum();
    }

    /** Counted apart from these classes: a forward pass in bf16 with everything but the convolutions fused away moves 20.47 and 27.45 MB. */
    @Test
    void theyMoveTheActivationsOnce() {
        double pool1 = 2e-6 * (7 * 7 + 1) * 1024;
        assertThat(activationMegabytes(V1) + pool1).isCloseTo(20.47, within(0.005));
        double pool2 = 2e-6 * (7 * 7 + 1) * 1280;
        double residuals = 2e-6 * (56 * 56 * 24 + 2 * 28 * 28 * 32 + 3 * 14 * 14 * 64 + 2 * 14 * 14 * 96 + 2 * 7 * 7 * 160);
        assertThat(activationMegabytes(V2) + pool2 + residuals).isCloseTo(27.45, within(0.005));
    }

    private static double activationMegabytes(List<BenchShape> shapes) {
        return shapes.stream().mapToDouble(shape -> shape.count() * (Layout.NHWC.bytes(shape.spec().input(), DType.BF16)
                + Layout.NHWC.bytes(shape.spec().output(), DType.BF16))).sum() / 1e6;
    }

    /** 112 x 112 x 32: the activations are 401408 elements each, the filter 288. */
    @Test
    void everyOperandMovesOnce() {
        BenchShape first = V1.get(1);
        assertThat(first.name()).isEqualTo("dw3s1 112x112x32");
        assertThat(cost(first, DType.BF16, Pass.FORWARD)).isEqualTo(new ConvCost(2 * 401_408 * 2 + 2 * 288, 2L * 3_612_672));
        assertThat(cost(first, DType.F32, Pass.BACKWARD_DATA).bytes()).isEqualTo(2 * 401_408 * 4 + 4 * 288);
        assertThat(cost(first, DType.BF16, Pass.BACKWARD_FILTER).bytes()).as("dw is fp32").isEqualTo(2 * 401_408 * 2 + 4 * 288);
    }

    private static ConvCost cost(BenchShape shape, DType type, Pass pass) {
        return ConvCost.of(new Problem(shape.spec(), type, Layout.PADDED_NHWC, pass));
    }

    @Test
    void theBatchIsThatOfEveryShape() {
        Network network = MobileNetV2.standard().network();
        assertThat(NetworkShapes.of(network, 3)).allSatisfy(shape -> assertThat(shape.spec().input().n()).isEqualTo(3));
    }
}
