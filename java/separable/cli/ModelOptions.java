package separable.cli;

import java.util.List;
import picocli.CommandLine.Option;
import separable.data.KnownDataset;
import separable.train.ModelConfig;

/** The options that name a network and its data set. Null where the user named nothing. */
final class ModelOptions {

    @Option(names = "--model", paramLabel = "NAME", description = "mobilenet-v1 (default), mobilenet-v2 or separable-cnn")
    String model;

    @Option(names = "--dataset", paramLabel = "NAME", description = "fashion-mnist (default), mnist, cifar10, cifar100, cifar100-coarse, or folder: pictures in class folders, named by --data")
    String dataset;

    @Option(names = "--width", paramLabel = "X", description = "width multiplier of a MobileNet")
    Double width;

    @Option(names = "--depth", paramLabel = "X", description = "depth multiplier of MobileNetV2, for timm's 110d (width 1.1, depth 1.2) and 120d (1.2, 1.4)")
    Double depth;

    @Option(names = "--resolution", paramLabel = "PIXELS", description = "side of the input; pictures of another size are resized")
    Integer resolution;

    @Option(names = "--classes", paramLabel = "N", description = "outputs (default: the data set's classes)")
    Integer classes;

    @Option(names = "--stem-stride", paramLabel = "1|2", description = "stride of a MobileNet's first convolution (default: 1 for inputs below 64 pixels, else 2)")
    Integer stemStride;

    @Option(names = "--dropout", paramLabel = "RATE", description = "before a MobileNet's classifier")
    Float dropout;

    @Option(names = "--style", paramLabel = "NAME",
            description = "MobileNetV1's padding and batch normalisation: timm (default) or tf-slim, whose running statistics need long runs")
    String style;

    @Option(names = "--blocks", paramLabel = "C,C,C,C", split = ",", hideParamSyntax = true,
            description = "channels of the separable CNN's blocks (default: 64,64,128,128)")
    List<Integer> blocks;

    String modelName() {
        return model == null ? ModelConfig.MOBILENET_V1 : model;
    }

    KnownDataset knownDataset() {
        return dataset == null ? KnownDataset.FASHION_MNIST : KnownDataset.parse(dataset);
    }

    /** {@code base} with what the user named put in its place. */
    ModelConfig over(ModelConfig base) {
        boolean isCnn = base.name().equals(ModelConfig.SEPARABLE_CNN);
        refuse(isCnn && width != null, "--width", base, "give its blocks' channels with --blocks");
        refuse(!base.name().equals(ModelConfig.MOBILENET_V2) && depth != null, "--depth", base, "leave it out");
        refuse(isCnn && stemStride != null, "--stem-stride", base, "leave it out");
        refuse(isCnn && dropout != null, "--dropout", base, "leave it out");
        refuse(!isCnn && blocks != null, "--blocks", base, "scale it with --width");
        refuse(!base.name().equals(ModelConfig.MOBILENET_V1) && style != null, "--style", base, "leave it out");
        return new ModelConfig(base.name(), or(width, base.width()), or(depth, base.depth()), or(resolution, base.resolution()), base.inputChannels(),
                or(classes, base.classes()), or(stemStride, base.stemStride()), or(dropout, base.dropout()),
                or(style, base.style()), or(blocks, base.blocks()));
    }

    private static void refuse(boolean given, String option, ModelConfig model, String instead) {
        if (given) {
            throw new IllegalArgumentException(option + ": " + model.name() + " has no such option: " + instead);
        }
    }

    static <T> T or(T named, T otherwise) {
        return named == null ? otherwise : named;
    }
}
