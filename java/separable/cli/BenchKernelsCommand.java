package separable.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import separable.bench.KernelBench;
import separable.bench.KernelFiles;
import separable.bench.KernelReport;
import separable.bench.KernelTable;
import separable.bench.DrawingException;
import separable.bench.RooflinePicture;
import separable.bench.RunInfo;
import separable.cudnn.Cudnn;
import separable.device.Device;
import separable.spec.Precision;
import separable.train.Defaults;
import separable.train.RunFolder;

/** {@code separable bench kernels}: times convolution kernels and leaves a table, figures and a roofline. */
@Command(name = "kernels", sortOptions = false,
        description = "Time the convolutions of a network, ours beside cuDNN's; without options, MobileNetV1's.")
final class BenchKernelsCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private BenchKernelsOptions options = new BenchKernelsOptions();

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        try (StopSignal stop = new StopSignal(); Device device = Device.open()) {
            boolean small = Defaults.isSmall(device.multiprocessors());
            KernelBench.Request request = options.resolve(small);
            Path folder = unused(options.outFolder());
            RunInfo info = RunInfo.of(device, Cudnn.find(), commandLine(), options.describe(small));
            try (RunFolder results = RunFolder.open(folder)) {
                info.warning().ifPresent(out::println);
                out.println(describe(request, info) + System.lineSeparator() + "results go to " + folder);
                KernelBench bench = new KernelBench(device, request, info, Cudnn.find());
                boolean whole = run(bench, request, results, stop);
                out.print(KernelTable.of(bench.report()));
                out.flush();
                return whole ? write(bench.report(), results, err) : stopped(bench.report(), results, err);
            }
        }
    }

    /** A failure leaves the rows measured before it. */
    private boolean run(KernelBench bench, KernelBench.Request request, RunFolder results, StopSignal stop) {
        PrintWriter err = spec.commandLine().getErr();
        try (TaskProgress progress = new TaskProgress(err, "kernels", request.rows())) {
            return bench.run(progress::done, stop::isRequested);
        } catch (RuntimeException e) {
            if (!bench.report().rows().isEmpty()) {
                write(bench.report(), results, err);
            }
            throw e;
        }
    }

    private static int stopped(KernelReport report, RunFolder results, PrintWriter err) {
        if (!report.rows().isEmpty()) {
            write(report, results, err);
        }
        err.println("separable: stopped after " + report.rows().size() + " rows");
        return Main.INTERRUPTED;
    }

    /** The figures first: a picture that cannot be drawn must not keep them back. @return the exit status */
    private static int write(KernelReport report, RunFolder results, PrintWriter err) {
        results.replace(new LinkedHashMap<>(Map.of(KernelFiles.CSV, file -> Files.writeString(file, KernelFiles.csv(report)),
                KernelFiles.JSON, file -> Files.writeString(file, KernelFiles.json(report)))));
        try {
            for (Precision precision : report.precisions()) {
                byte[] png = RooflinePicture.png(report, precision);
                results.replace(Map.of(RooflinePicture.fileName(precision), file -> Files.write(file, png)));
            }
        } catch (DrawingException e) {
            err.println("separable: " + e.getMessage());
            return Main.FAILED;
        }
        return report.refused().isEmpty() ? 0 : Main.FAILED;
    }

    private static Path unused(Path folder) {
        for (String name : List.of(KernelFiles.CSV, KernelFiles.JSON)) {
            if (Files.exists(folder.resolve(name))) {
                throw new IllegalArgumentException("--out " + folder + ": it holds the " + name + " of an earlier run: choose another folder");
            }
        }
        return folder;
    }

    private String commandLine() {
        return String.join(" ", spec.commandLine().getParent().getParent().getParseResult().originalArgs());
    }

    private static String describe(KernelBench.Request request, RunInfo info) {
        return info.shapes() + ": " + request.shapes().size() + " shapes, " + request.passes() + ", " + request.precisions() + ", " + request.layout()
                + ", on " + info.device() + ", cuDNN " + (info.cudnn().startsWith("none") ? "none" : info.cudnn());
    }
}
