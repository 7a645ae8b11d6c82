package separable.train;

import java.util.List;
import separable.exchange.LayerNames;
import separable.layer.Network;
import separable.model.MobileNetV1;
import separable.model.MobileNetV2;
import separable.model.SeparableCnn;

/**
 * Which network, and everything it is built from.
 *
 * @param name          {@code mobilenet-v1}, {@code mobilenet-v2} or {@code separable-cnn}
 * @param width         width multiplier of a MobileNet; 1 for the separable CNN
 * @param depth         depth multiplier of MobileNetV2: {@link MobileNetV2#depth}; 1 for the others
 * @param resolution    side of the square input in pixels
 * @param inputChannels 1 grey, 3 colour
 * @param classes       outputs
 * @param stemStride    stride of the first convolution: a MobileNet's is 2 as in the papers, 1 for small pictures; else 1
 * @param dropout       share of features dropped before a MobileNet's classifier, 0 to below 1
 * @param style         MobileNetV1's padding and batch normalisation: {@code timm} or {@code tf-slim}; else {@code none}
 * @param blocks        output channels of the separable CNN's four blocks; empty for a MobileNet
 */
public record ModelConfig(String name, double width, double depth, int resolution, int inputChannels, int classes, int stemStride,
                          float dropout, String style, List<Integer> blocks) {

    public static final String MOBILENET_V1 = "mobilenet-v1";
    public static final String MOBILENET_V2 = "mobilenet-v2";
    public static final String SEPARABLE_CNN = "separable-cnn";
    public static final List<String> NAMES = List.of(MOBILENET_V1, MOBILENET_V2, SEPARABLE_CNN);

    public static final String TIMM = "timm";
    public static final String TF_SLIM = "tf-slim";
    private static final String NO_STYLE = "none";

    public ModelConfig {
        Check.oneOf("model", name, NAMES);
        Check.that(width > 0 && width <= 16, "width", width, "above 0 and at most 16");
        Check.that(name.equals(MOBILENET_V2) ? depth >= 1 && depth <= 4 : depth == 1, "depth of " + name, depth,
                name.equals(MOBILENET_V2) ? "1 to 4" : "1");
        Check.that(resolution >= 1 && resolution <= 4096, "resolution", resolution, "1 to 4096");
        Check.that(inputChannels >= 1, "input channels", inputChannels, "at least 1");
        Check.that(classes >= 2 && classes <= 65536, "classes", classes, "2 to 65536");
        Check.that(stemStride == 1 || stemStride == 2, "stem stride", stemStride, "1 or 2");
        Check.that(dropout >= 0 && dropout < 1, "dropout", dropout, "0 to below 1");
        Check.oneOf("style of " + name, style, name.equals(MOBILENET_V1) ? List.of(TIMM, TF_SLIM) : List.of(NO_STYLE));
        blocks = List.copyOf(Check.present("blocks", blocks));
        if (name.equals(SEPARABLE_CNN)) {
            Check.that(width == 1 && stemStride == 1 && dropout == 0, "width, stem stride and dropout of " + name,
                    width + ", " + stemStride + " and " + dropout, "1, 1 and 0");
        } else {
            Check.that(blocks.isEmpty(), "blocks of " + name, blocks, "empty");
        }
    }

    /** A MobileNet by name; V1 in timm's style, whose batch normalisation suits runs of any length. */
    public static ModelConfig mobileNet(String name, double width, int resolution, int inputChannels, int classes, int stemStride, float dropout) {
        return new ModelConfig(name, width, 1, resolution, inputChannels, classes, stemStride, dropout,
                name.equals(MOBILENET_V1) ? TIMM : NO_STYLE, List.of());
    }

    public static ModelConfig separableCnn(List<Integer> blocks, int resolution, int inputChannels, int classes) {
        return new ModelConfig(SEPARABLE_CNN, 1, 1, resolution, inputChannels, classes, 1, 0f, NO_STYLE, blocks);
    }

    /** @throws IllegalArgumentException when the resolution is too small for the strides */
    public Network network() {
        return switch (name) {
            case MOBILENET_V1 -> mobileNetV1().network();
            case MOBILENET_V2 -> mobileNetV2().network();
            default -> new SeparableCnn(blocks, resolution, classes, inputChannels).network();
        };
    }

    /** Whether timm has a network of these channels: its own are multiples of 8, those of our MobileNetV1 are the paper's. */
    public boolean hasChannelsOfTimm() {
        return !name.equals(MOBILENET_V1) || mobileNetV1().hasRoundChannels();
    }

    private MobileNetV1 mobileNetV1() {
        return new MobileNetV1(width, resolution, classes, inputChannels, stemStride, dropout,
                style.equals(TIMM) ? MobileNetV1.Style.TIMM : MobileNetV1.Style.TF_SLIM);
    }

    private MobileNetV2 mobileNetV2() {
        return new MobileNetV2(width, depth, resolution, classes, inputChannels, stemStride, dropout);
    }

    /** The names under which this network's state is kept in files, ours first. */
    public List<LayerNames> namings() {
        return switch (name) {
            case MOBILENET_V1 -> List.of(LayerNames.ours(LayerNames.TIMM));
            // torchvision has no depth multiplier.
            case MOBILENET_V2 -> List.of(LayerNames.ours(depth == 1 ? LayerNames.TORCHVISION : LayerNames.SEPARABLE), LayerNames.timm(mobileNetV2()));
            default -> List.of(LayerNames.ours(LayerNames.SEPARABLE));
        };
    }
}
