package separable.cli;

import static separable.cli.ModelOptions.or;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Set;
import picocli.CommandLine.Option;
import separable.train.TensorBoardListener;

/** How a run is watched. They change nothing of it, and so go with {@code --resume} too. */
final class WatchOptions {

    static final Set<String> NAMES = Set.of("--tensorboard", "--histogram-epochs", "--quiet");

    @Option(names = "--tensorboard", paramLabel = "DIR",
            description = "write figures, hyper-parameters, histograms and samples there for TensorBoard; give it again to --resume")
    Path tensorboard;

    @Option(names = "--histogram-epochs", paramLabel = "N",
            description = "epochs from TensorBoard's histograms of weights and gradients, and samples, to the next; 0: none (default: 1)")
    Integer histogramEpochs;

    @Option(names = {"-q", "--quiet"}, description = "print nothing but the last line, and what goes wrong")
    boolean quiet;

    /** @throws IllegalArgumentException when an option's value is not possible, or would do nothing */
    void requireSensible() {
        if (histogramEpochs != null && histogramEpochs < 0) {
            throw new IllegalArgumentException("--histogram-epochs " + histogramEpochs + ": must be 0 or more");
        }
        if (histogramEpochs != null && tensorboard == null) {
            throw new IllegalArgumentException("--histogram-epochs: is for --tensorboard: name its folder, or leave it out");
        }
    }

    /**
     * The listener that writes for TensorBoard; null where nobody asked for it.
     *
     * @param err is told when events can no longer be written
     */
    TensorBoardListener events(PrintWriter err) {
        return tensorboard == null ? null : new TensorBoardListener(tensorboard, or(histogramEpochs, 1), line -> err.println("separable: " + line));
    }
}
