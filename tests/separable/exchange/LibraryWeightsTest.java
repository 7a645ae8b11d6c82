package separable.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.Stream;
import separable.layer.Network;
import separable.model.MobileNetV1;
import separable.model.MobileNetV2;
import separable.testing.DeviceExtension;
import separable.testing.Expect;

/** torchvision's and timm's weights in, their logits out. {@code make_exchange.py} asked the libraries themselves. */
@ExtendWith(DeviceExtension.class)
class LibraryWeightsTest {

    @TempDir
    Path folder;

    static List<Arguments> models() {
        MobileNetV1 v1 = MobileNetV1.standard().withStyle(MobileNetV1.Style.TIMM).withInput(64, 3, 2);
        MobileNetV2 v2 = MobileNetV2.standard().withInput(64, 3, 2);
        return List.of(
                Arguments.of("torchvision/mobilenet_v2", MobileNetV2.standard().network(), LayerNames.ours(LayerNames.TORCHVISION)),
                v1("mobilenetv1_100", v1), v1("mobilenetv1_125", v1.withWidth(1.25)),
                v2("mobilenetv2_035", v2.withWidth(0.35)), v2("mobilenetv2_050", v2.withWidth(0.5)), v2("mobilenetv2_075", v2.withWidth(0.75)),
                v2("mobilenetv2_100", v2), v2("mobilenetv2_140", v2.withWidth(1.4)),
                v2("mobilenetv2_110d", v2.withWidth(1.1).withDepth(1.2)), v2("mobilenetv2_120d", v2.withWidth(1.2).withDepth(1.4)));
    }

    private static Arguments v1(String name, MobileNetV1 model) {
        return Arguments.of("timm/" + name, model.network(), LayerNames.ours(LayerNames.TIMM));
    }

    private static Arguments v2(String name, MobileNetV2 model) {
        return Arguments.of("timm/" + name, model.network(), LayerNames.timm(model));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("models")
    void giveTheLibrarysLogits(String name, Network network, LayerNames names, Device device, Stream stream) throws Exception {
        SafeTensors fixture = SafeTensors.read(Path.of(getClass().getResource("/fixtures/exchange.safetensors").toURI()));
        String entries = FormulaWeights.entries(network, names).entrySet().stream().map(LibraryWeightsTest::line).collect(Collectors.joining());
        assertThat(sha256(entries)).as("entries, in the library's order:%n%s", entries).isEqualTo(fixture.metadata().get(name));

        Path file = folder.resolve("weights.safetensors");
        FormulaWeights.file(network, names).write(file);
        LayerNames ours = LayerNames.ours(LayerNames.TORCHVISION);
        StateImport weights = StateImport.of(SafeTensors.read(file), network, names.theirs().isEmpty() ? List.of(names) : List.of(ours, names), false);
        assertThat(weights.report()).hasToString(weights.state().size() + " entries loaded, under " + names.library() + "'s names");

        int side = network.input().h();
        double[] logits = Inference.logits(device, stream, network, weights.state(), 1, FormulaWeights.picture(side));
        Expect.close(logits, Inference.doubles(fixture.tensor(name).floats()), 1e-4, 0, name);
    }

    private static String line(Map.Entry<String, List<Integer>> entry) {
        return entry.getKey() + " " + entry.getValue().stream().map(String::valueOf).collect(Collectors.joining(",")) + "\n";
    }

    private static String sha256(String text) throws GeneralSecurityException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    }
}
