package separable.cli;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Spec;
import separable.device.Device;
import separable.device.Range;
import separable.train.Defaults;
import separable.train.Evaluation;
import separable.train.RunConfig;
import separable.train.StoppedException;
import separable.train.TensorBoardListener;
import separable.train.TrainListener;
import separable.train.TrainingRun;

/** {@code separable train}: trains one network and leaves weights, configuration and figures in a folder. */
@Command(name = "train", sortOptions = false,
        description = "Train a network; without options, a MobileNetV1 on Fashion-MNIST.")
final class TrainCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private TrainOptions options = new TrainOptions();

    @Mixin
    private WatchOptions watch = new WatchOptions();

    @Mixin
    private RunFolderOptions folders = new RunFolderOptions();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        try (StopSignal stop = new StopSignal()) {
            try {
                train(out, err, stop);
                return 0;
            } catch (StoppedException e) {
                err.println("separable: " + e.getMessage());
                return Main.INTERRUPTED;
            }
        }
    }

    private void train(PrintWriter out, PrintWriter err, StopSignal stop) {
        requireSensible();
        try (Device device = Device.open()) {
            PrintWriter said = watch.quiet ? new PrintWriter(Writer.nullWriter()) : out;
            if (options.profile && !Range.enable()) {
                said.println("--profile: no NVTX library is installed (libnvToolsExt.so.1 or libnvtx3interop.so.1, of the CUDA toolkit): going on without ranges");
            }
            boolean goesOn = folders.resume != null;
            RunConfig run;
            Path folder;
            try (DecodeProgress decoding = new DecodeProgress(err, stop::isRequested, watch.quiet)) {
                run = goesOn ? TrainingRun.interrupted(folders.resume) : options.resolve(Defaults.isSmall(device.multiprocessors()), decoding);
                if (options.printConfig) {
                    out.println(run.toJson().stripTrailing());
                    return;
                }
                folder = goesOn ? folders.resume : folders.outFor(run);
                said.println(describe(run, device, folder));
                if (run.data().isFolder()) {
                    said.println(DataOptions.describe(run.data().open(decoding), folder.resolve(TrainingRun.BROKEN_FILE)));
                }
            }
            try (Progress progress = watch.quiet ? Progress.silent() : Progress.forTerminal(out, err, run.recipe().picturesPerStep());
                 TensorBoardListener events = watch.events(err)) {
                TrainListener listener = TrainListener.all(Stream.of(progress, events, new Curves(err), new Warnings(err)).filter(Objects::nonNull).toList());
                Evaluation test = goesOn
                        ? TrainingRun.resume(device, folder, folders.checkpointSteps, listener, stop::isRequested)
                        : TrainingRun.execute(device, run, folder, folders.checkpointSteps, listener, stop::isRequested);
                progress.close();
                out.println(lastLine(test));
            }
        }
    }

    private void requireSensible() {
        if (folders.checkpointSteps < 0) {
            throw new IllegalArgumentException("--checkpoint-steps " + folders.checkpointSteps + ": must be 0 or more");
        }
        watch.requireSensible();
        if (folders.resume == null) {
            return;
        }
        Set<String> together = Set.of("--resume", "--checkpoint-steps", "--profile", "--verbose");
        spec.commandLine().getParseResult().matchedOptions().stream().map(OptionSpec::longestName)
                .filter(name -> !together.contains(name) && !WatchOptions.NAMES.contains(name))
                .findFirst().ifPresent(name -> {
                    throw new IllegalArgumentException("--resume goes on with a run as it is: leave out " + name);
                });
    }

    private static String describe(RunConfig run, Device device, Path folder) {
        return String.format(Locale.ROOT, "%s, width %s, %dx%d, %s, batch %d, %s %s, on %s, %s%nresults go to %s",
                run.model().name(), run.model().width(), run.model().resolution(), run.model().resolution(), run.data().dataset(),
                run.recipe().batch(), run.recipe().optimizer().name(), run.recipe().precision(), device.name(), launches(run, device), folder);
    }

    private static String launches(RunConfig run, Device device) {
        if (run.recipe().capturesOn(device)) {
            return "one graph launch a step";
        }
        if (Range.isEnabled()) {
            return "plain launches for the profiler";
        }
        return run.recipe().graph() ? "plain launches (the driver is too old for graphs)" : "plain launches";
    }

    /** {@code test accuracy 0.8731 (8731 of 10000), loss 0.3521} */
    static String lastLine(Evaluation test) {
        return String.format(Locale.ROOT, "test accuracy %.4f (%d of %d), loss %.4f", test.accuracy(), test.top1(), test.count(), test.loss());
    }
}
