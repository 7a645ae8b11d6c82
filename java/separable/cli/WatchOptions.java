package separable.cli;

import java.nio.file.Path;
import java.util.Set;
import picocli.CommandLine.Option;

/** How a run is watched. They change nothing of it, and so go with {@code --resume} too. */
final class WatchOptions {

    static final Set<String> NAMES = Set.of("--tensorboard", "--histogram-epochs", "--quiet");

    @Option(names = "--tensorboard", paramLabel = "DIR",
            description = "write figures, hyper-parameters, histograms and samples there for TensorBoard; give it again to --resume")
    Path tensorboard;

    @Option(names = "--histogram-epochs", paramLabel = "N", defaultValue = "1",
            description = "epochs from TensorBoard's histograms of weights and gradients, and samples, to the next; 0: none (default: ${DEFAULT-VALUE})")
    int histogramEpochs;

    @Option(names = {"-q", "--quiet"}, description = "print nothing but the last line, and what goes wrong")
    boolean quiet;
}
