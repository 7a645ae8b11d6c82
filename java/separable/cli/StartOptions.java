package separable.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;
import separable.train.StartConfig;

/** The options of training from weights that are there already. */
final class StartOptions {

    @Option(names = "--weights", paramLabel = "FILE", description = "start from these weights: a safetensors file under torchvision's or timm's names, or the folder"
            + " of an earlier run; with another number of classes the last layer is made anew")
    Path weights;

    @Option(names = "--new-head", description = "make the last layer anew even where that of --weights fits")
    boolean newHead;

    /** {@code base}, which may be null, with what the user named put in its place. */
    StartConfig over(StartConfig base) {
        if (weights != null) {
            return StartConfig.of(weights, newHead);
        }
        if (newHead && base == null) {
            throw new IllegalArgumentException("--new-head: belongs to --weights: name the file to start from");
        }
        return base == null ? null : new StartConfig(base.weights(), base.sha256(), base.newHead() || newHead);
    }
}
