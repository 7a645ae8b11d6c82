package separable.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import separable.bench.RunInfo;
import separable.bench.StepBench;
import separable.bench.StepCase;
import separable.bench.StepFile;
import separable.bench.StepReport;
import separable.bench.StepRow;
import separable.bench.StepText;
import separable.cudnn.Cudnn;
import separable.device.Device;
import separable.exchange.AsideFile;
import separable.train.Defaults;
import separable.train.TrainingException;

/** {@code separable bench step}: times whole training steps. */
@Command(name = "step", sortOptions = false,
        description = "Time whole training steps on random pictures; without options, MobileNetV1's.")
final class BenchStepCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private BenchStepOptions options = new BenchStepOptions();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        try (StopSignal stop = new StopSignal(); Device device = Device.open()) {
            boolean small = Defaults.isSmall(device.multiprocessors());
            List<StepCase> cases = options.cases(small);
            StepBench.Rules rules = options.rules(small);
            requireUnused(options.json);
            RunInfo info = RunInfo.of(device, Cudnn.find(), commandLine(), cases.stream().map(StepCase::toString).collect(Collectors.joining("; ")));
            info.warning().ifPresent(out::println);
            out.println("on " + info.device());
            StepBench bench = new StepBench(device, info, rules);
            for (StepCase each : cases) {
                Optional<StepRow> row = bench.measure(each, stop::isRequested);
                if (row.isEmpty()) {
                    spec.commandLine().getErr().println("separable: stopped before the end of " + each);
                    return Main.INTERRUPTED;
                }
                StepReport report = bench.report(each == cases.get(cases.size() - 1));
                out.print(StepText.of(row.get(), report));
                out.flush();
                write(report);
            }
            return 0;
        }
    }

    private static void requireUnused(Path json) {
        if (json != null && Files.exists(json)) {
            throw new IllegalArgumentException("--json " + json + ": it is there already, maybe with an earlier run's figures: name another file");
        }
    }

    /** After every case: what fails or is stopped later keeps the figures before it. */
    private void write(StepReport report) {
        if (options.json == null) {
            return;
        }
        Path file = options.json.toAbsolutePath();
        Path aside = AsideFile.of(file);
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(aside, StepFile.json(report));
            Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new TrainingException("--json " + options.json + " cannot be written (" + e + "): name a file in a folder that can", e);
        }
    }

    private String commandLine() {
        return String.join(" ", spec.commandLine().getParent().getParent().getParseResult().originalArgs());
    }
}
