package separable.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.graph.Parameter;
import separable.graph.RunningStatistics;
import separable.graph.StateEntry;
import separable.layer.Network;
import separable.layer.Summary;
import separable.spec.DType;

/** The published sizes, names and shapes of the models. */
class ModelNumbersTest {

    @Test
    void mobileNetV2() {
        Network network = MobileNetV2.standard().network();
        Summary summary = network.summary();
        assertThat(summary.parameters()).isEqualTo(3_504_872);
        assertThat(summary.multiplyAdds()).isEqualTo(300_774_272);
        assertThat(names(network)).hasSize(314).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @CsvSource({"0.35, 1677128", "0.5, 1968680", "0.75, 2636424", "1.3, 5386792", "1.4, 6108776"})
    void mobileNetV2AtOtherWidths(double width, long parameters) {
        assertThat(MobileNetV2.standard().withWidth(width).network().summary().parameters()).isEqualTo(parameters);
    }

    @ParameterizedTest
    @CsvSource({"TF_SLIM", "TIMM"})
    void mobileNetV1(MobileNetV1.Style style) {
        Summary summary = MobileNetV1.standard().withStyle(style).network().summary();
        assertThat(summary.parameters()).isEqualTo(4_231_976);
        assertThat(summary.multiplyAdds()).isEqualTo(568_740_352);
    }

    @Test
    void separableCnn() {
        Summary summary = SeparableCnn.standard(28, 10, 1).network().summary();
        // 320 + (320 + 2112) + (640 + 4160) + (640 + 8320) + (1280 + 16512) + 10 * (3*3*128 + 1)
        assertThat(summary.parameters()).isEqualTo(45_834);
        assertThat(new SeparableCnn(List.of(32, 32, 32, 32), 28, 10, 1).network().summary().parameters())
                .isEqualTo(320 + 4 * (320 + 1056) + 10 * (3 * 3 * 32 + 1));
    }

    @Test
    void mobileNetV2HasTorchvisionsNamesInTorchvisionsOrder() {
        List<String> names = names(MobileNetV2.standard().network());
        assertThat(names).startsWith("features.0.0.weight", "features.0.1.weight", "features.0.1.bias", "features.0.1.running_mean",
                "features.0.1.running_var", "features.0.1.num_batches_tracked", "features.1.conv.0.0.weight", "features.1.conv.0.1.weight");
        assertThat(names).contains("features.1.conv.1.weight", "features.1.conv.2.running_var", "features.17.conv.1.0.weight",
                "features.17.conv.2.weight", "features.17.conv.3.bias", "features.18.0.weight", "features.18.1.num_batches_tracked");
        assertThat(names).endsWith("classifier.1.weight", "classifier.1.bias");
    }

    @Test
    void mobileNetV1HasTimmsNames() {
        List<String> names = names(MobileNetV1.standard().network());
        assertThat(names).startsWith("conv_stem.weight", "bn1.weight", "bn1.bias");
        assertThat(names).contains("blocks.0.0.conv_dw.weight", "blocks.0.0.bn1.running_mean", "blocks.0.0.conv_pw.weight",
                "blocks.0.0.bn2.bias", "blocks.3.5.conv_pw.weight", "blocks.4.1.bn2.weight").doesNotContain("blocks.0.1.conv_dw.weight");
        assertThat(names).endsWith("classifier.weight", "classifier.bias");
    }

    @Test
    void shapesInFilesArePyTorchs() {
        Network network = MobileNetV2.standard().network();
        assertThat(parameter(network, "features.0.0.weight").fileShape()).containsExactly(32, 3, 3, 3);
        assertThat(parameter(network, "features.1.conv.0.0.weight").fileShape()).containsExactly(32, 1, 3, 3);
        assertThat(parameter(network, "features.18.0.weight").fileShape()).containsExactly(1280, 320, 1, 1);
        assertThat(parameter(network, "classifier.1.weight").fileShape()).containsExactly(1000, 1280);
        assertThat(parameter(SeparableCnn.standard(28, 10, 1).network(), "classifier.weight").fileShape()).containsExactly(10, 1152);
    }

    @Test
    void weightDecaySparesWhatThePapersSpare() {
        Network v1 = MobileNetV1.standard().network();
        assertThat(parameter(v1, "conv_stem.weight").decay()).isTrue();
        assertThat(parameter(v1, "blocks.0.0.conv_dw.weight").decay()).isFalse();
        assertThat(parameter(v1, "blocks.0.0.conv_pw.weight").decay()).isTrue();
        assertThat(parameter(v1, "bn1.weight").decay()).isFalse();
        assertThat(parameter(v1, "classifier.bias").decay()).isFalse();
        assertThat(parameter(MobileNetV2.standard().network(), "features.1.conv.0.0.weight").decay()).isTrue();
    }

    @Test
    void initialDistributionsAreThoseOfTheReferences() {
        Network v2 = MobileNetV2.standard().network();
        assertThat(parameter(v2, "features.0.0.weight").initial().second()).isEqualTo((float) Math.sqrt(2.0 / (32 * 9)));
        assertThat(parameter(v2, "features.1.conv.0.0.weight").initial().second()).isEqualTo((float) Math.sqrt(2.0 / (32 * 9)));
        assertThat(parameter(v2, "classifier.1.weight").initial().second()).isEqualTo(0.01f);
        Network v1 = MobileNetV1.standard().network();
        assertThat(parameter(v1, "blocks.0.0.conv_dw.weight").initial().second()).isEqualTo((float) Math.sqrt(2.0 / 9));
    }

    @Test
    void smallPicturesKeepTheirPixelsWithAStemStrideOfOne() {
        Network network = MobileNetV1.standard().withWidth(0.25).withInput(28, 1, 1).withClasses(10).network();
        assertThat(network.summary().rows().get(0).output().toString()).isEqualTo("1x28x28x8");
        assertThat(network.inferenceGraph(4, DType.F32).logits().shape().toString()).isEqualTo("4x1x1x10");
    }

    @Test
    void aResolutionTooSmallForTheStridesIsAnErrorInWords() {
        assertThatThrownBy(() -> MobileNetV2.standard().withInput(16, 3, 2))
                .hasMessage("MobileNetV2: resolution 16 is too small for its strides, which divide it by 32: use at least 17, or a stem stride of 1");
        assertThatThrownBy(() -> MobileNetV1.standard().withInput(8, 3, 1)).hasMessageContaining("use at least 9").hasMessageNotContaining("stem");
        assertThatThrownBy(() -> SeparableCnn.standard(7, 10, 1)).hasMessageContaining("three pools: use at least 8");
    }

    @ParameterizedTest
    @CsvSource({"17, 2", "9, 1", "28, 1", "32, 2", "33, 2"})
    void theSmallestResolutionsWork(int resolution, int stemStride) {
        MobileNetV2.standard().withInput(resolution, 3, stemStride).network();
        MobileNetV1.standard().withInput(resolution, 3, stemStride).network();
        MobileNetV1.standard().withStyle(MobileNetV1.Style.TIMM).withInput(resolution, 3, stemStride).network();
    }

    @Test
    void senselessOptionsAreErrorsInWords() {
        assertThatThrownBy(() -> MobileNetV2.standard().withWidth(0)).hasMessageContaining("width 0.0");
        assertThatThrownBy(() -> MobileNetV1.standard().withClasses(1)).hasMessageContaining("1 classes");
        assertThatThrownBy(() -> MobileNetV1.standard().withInput(32, 3, 3)).hasMessageContaining("stem stride 3 must be 1 or 2");
        assertThatThrownBy(() -> new SeparableCnn(List.of(64, 64), 28, 10, 1)).hasMessageContaining("block widths [64, 64]");
    }

    private static Parameter parameter(Network network, String name) {
        return (Parameter) network.state().stream().filter(entry -> entry.name().equals(name)).findFirst().orElseThrow();
    }

    private static List<String> names(Network network) {
        List<String> names = new ArrayList<>();
        for (StateEntry entry : network.state()) {
            if (entry instanceof RunningStatistics running) {
                names.addAll(List.of(running.meanName(), running.varianceName(), running.counterName()));
            } else {
                names.add(entry.name());
            }
        }
        return names;
    }
}
