package separable.cli;

import static separable.cli.ModelOptions.or;

import java.nio.file.Path;
import picocli.CommandLine.Option;
import separable.train.RunConfig;

/** Where a run leaves its results, and which run goes on. */
final class RunFolderOptions {

    @Option(names = "--out", paramLabel = "DIR", description = "folder for the results, among them plan.txt, which says what every op runs (default: runs/MODEL-DATASET)")
    Path out;

    @Option(names = "--resume", paramLabel = "DIR", description = "go on with the interrupted run in that folder; goes with no other option but --checkpoint-steps, --profile and those for watching")
    Path resume;

    @Option(names = "--checkpoint-steps", paramLabel = "N", defaultValue = "2000",
            description = "steps between two checkpoints within an epoch; 0: only at the ends of epochs (default: ${DEFAULT-VALUE})")
    int checkpointSteps;

    /** Where results go. */
    Path outFor(RunConfig run) {
        return or(out, Path.of("runs", run.model().name() + "-" + run.data().dataset()));
    }
}
