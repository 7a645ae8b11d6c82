package separable.train;

import java.util.List;

/**
 * Which network, and everything it is built from.
 *
 * @param name          {@code mobilenet-v1}, {@code mobilenet-v2} or {@code separable-cnn}
 * @param width         width multiplier of a MobileNet; 1 for the separable CNN
 * @param resolution    side of the square input in pixels
 * @param inputChannels 1 grey, 3 colour
 * @param classes       outputs
 * @param stemStride    stride of a MobileNet's first convolution: 2 as in the papers, 1 for small pictures
 * @param dropout       share of features dropped before a MobileNet's classifier, 0 to below 1
 * @param blocks        output channels of the separable CNN's four blocks; empty for a MobileNet
 */
public record ModelConfig(String name, double width, int resolution, int inputChannels, int classes, int stemStride,
                          float dropout, List<Integer> blocks) {

    public static final String MOBILENET_V1 = "mobilenet-v1";
    public static final String MOBILENET_V2 = "mobilenet-v2";
    public static final String SEPARABLE_CNN = "separable-cnn";
    public static final List<String> NAMES = List.of(MOBILENET_V1, MOBILENET_V2, SEPARABLE_CNN);

    public ModelConfig {
        Check.oneOf("model", name, NAMES);
        Check.that(width > 0 && width <= 16, "width", width, "above 0 and at most 16");
        Check.that(resolution >= 1 && resolution <= 4096, "resolution", resolution, "1 to 4096");
        Check.that(inputChannels >= 1, "input channels", inputChannels, "at least 1");
        Check.that(classes >= 2 && classes <= 65536, "classes", classes, "2 to 65536");
        Check.that(stemStride == 1 || stemStride == 2, "stem stride", stemStride, "1 or 2");
        Check.that(dropout >= 0 && dropout < 1, "dropout", dropout, "0 to below 1");
        blocks = List.copyOf(Check.present("blocks", blocks));
        if (name.equals(SEPARABLE_CNN)) {
            Check.that(blocks.size() == 4 && blocks.stream().allMatch(c -> c >= 1), "blocks", blocks,
                    "four channel counts, as in 64,64,128,128");
        }
    }

    public boolean isMobileNet() {
        return !name.equals(SEPARABLE_CNN);
    }
}
