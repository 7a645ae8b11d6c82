package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import separable.layer.Conv;
import separable.layer.PointwiseConv;
import separable.train.ModelConfig;

class PythonModelTest {

    private static ModelConfig v2(double depth, int channels, int stemStride) {
        return new ModelConfig(ModelConfig.MOBILENET_V2, 0.5, depth, 32, channels, 10, stemStride, 0, "none", List.of());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void torchvisionsStemHasOurChannelsAndStride(int stride) {
        assertThat(PythonModel.of("torchvision", v2(1, 1, stride)).orElseThrow().lines()).containsExactly(
                "model = torchvision.models.mobilenet_v2(num_classes=10, width_mult=0.5)",
                "model.features[0][0] = torch.nn.Conv2d(1, 16, 3, stride=" + stride + ", padding=1, bias=False)");
        assertThat(PythonModel.of("torchvision", v2(1, 3, stride)).orElseThrow().lines()).hasSize(stride == 1 ? 2 : 1);
    }

    @Test
    void namesOfOursHaveNoPython() {
        assertThat(PythonModel.of("Separable", v2(1.2, 3, 2))).isEmpty();
        assertThat(PythonModel.of("Separable", ModelConfig.separableCnn(List.of(8, 8, 8, 8), 32, 3, 10))).isEmpty();
        assertThat(PythonModel.of("timm", v2(1.2, 3, 2)).orElseThrow().lines().get(0)).contains("depth_multiplier=1.2, fix_stem_head=True");
    }

    /** Widths whose channels are the same rounded as cut, and others: 0.3 gives 9 channels here, 16 in timm. */
    @Test
    void timmsModelHasOurChannels() {
        for (double width : new double[] {0.25, 0.5, 0.75, 1, 1.25, 2}) {
            ModelConfig model = v1(width);
            assertThat(PythonModel.of("timm", model)).as("width %s", width).isPresent();
            assertThat(channels(model)).as("width %s", width).allMatch(count -> count % 8 == 0);
        }
        for (double width : new double[] {0.05, 0.1, 0.3, 0.35, 0.7, 1.1}) {
            assertThat(PythonModel.of("timm", v1(width))).as("width %s", width).isEmpty();
            assertThat(PythonModel.reason("timm", v1(width))).hasValue("timm rounds channels to multiples of 8, and at width " + width + " these are others");
        }
    }

    private static ModelConfig v1(double width) {
        return ModelConfig.mobileNet(ModelConfig.MOBILENET_V1, width, 32, 3, 10, 2, 0);
    }

    private static List<Integer> channels(ModelConfig model) {
        return model.network().layers().stream().map(each -> each.layer() instanceof Conv conv ? conv.outputChannels()
                : each.layer() instanceof PointwiseConv conv ? conv.outputChannels() : 0).toList();
    }
}
