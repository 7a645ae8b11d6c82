package separable.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;
import separable.predict.SavedRun;

/** Which of a run's weights a command takes. */
final class SavedRunOptions {

    @Option(names = "--best", description = "the weights of the most accurate epoch, model-best.safetensors (default: of the last, model.safetensors)")
    boolean best;

    SavedRun open(Path folder) {
        return best ? SavedRun.openBest(folder) : SavedRun.open(folder);
    }
}
