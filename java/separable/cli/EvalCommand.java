package separable.cli;

import static separable.cli.ModelOptions.or;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import separable.bench.DrawingException;
import separable.data.Dataset;
import separable.device.Device;
import separable.predict.ModelEvaluation;
import separable.predict.ModelReport;
import separable.predict.ReportFiles;
import separable.predict.ReportTable;
import separable.predict.SavedRun;
import separable.train.DataConfig;
import separable.train.Evaluation;
import separable.train.RunConfig;
import separable.train.RunFolder;
import separable.train.StoppedException;

/** {@code separable eval}: measures a trained network class by class. */
@Command(name = "eval", sortOptions = false,
        description = "Measure a trained network: loss, top-1, top-5, precision and recall of every class, confusion matrix.")
final class EvalCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private EvalOptions options = new EvalOptions();

    @Override
    public Integer call() {
        SavedRun run = options.weights.open(options.run);
        PrintWriter err = spec.commandLine().getErr();
        try (StopSignal stop = new StopSignal(); RunFolder results = RunFolder.open(options.outFolder()); Device device = Device.open()) {
            try {
                Dataset pictures = read(run.config().data(), stop);
                ModelEvaluation evaluation = new ModelEvaluation(run, pictures, or(options.batch, run.config().recipe().batch()));
                print(describe(run.config(), pictures, device, options.outFolder()));
                return write(measure(evaluation, pictures, device, stop), results);
            } catch (StoppedException e) {
                err.println("separable: " + e.getMessage());
                return Main.INTERRUPTED;
            }
        }
    }

    private Dataset read(DataConfig own, StopSignal stop) {
        try (DecodeProgress decoding = new DecodeProgress(spec.commandLine().getErr(), stop::isRequested)) {
            return options.pictures(own, decoding);
        }
    }

    private ModelReport measure(ModelEvaluation evaluation, Dataset pictures, Device device, StopSignal stop) {
        try (TaskProgress progress = new TaskProgress(spec.commandLine().getErr(), "pictures", pictures.count())) {
            return evaluation.on(device, done -> progress.done(done, "evaluating"), stop::isRequested);
        }
    }

    /** The figures first: a matrix that cannot be drawn must not keep them back. @return the exit status */
    private int write(ModelReport report, RunFolder results) {
        Map<String, RunFolder.Content> files = new LinkedHashMap<>();
        files.put(ReportFiles.CLASSES, file -> Files.writeString(file, ReportFiles.classes(report.confusion())));
        files.put(ReportFiles.CONFUSION, file -> Files.writeString(file, ReportFiles.confusion(report.confusion())));
        files.put(ReportFiles.ANSWERS, file -> Files.writeString(file, ReportFiles.answers(report)));
        files.put(ReportFiles.JSON, file -> Files.writeString(file, ReportFiles.json(report)));
        results.replace(files);
        print(ReportTable.of(report) + lastLine(report.figures()));
        return draw(report, results);
    }

    private int draw(ModelReport report, RunFolder results) {
        int classes = report.confusion().classes().size();
        if (classes > ConfusionPicture.MOST_CLASSES) {
            print("no " + ConfusionPicture.FILE + ": " + classes + " classes are too many to draw; " + ReportFiles.CONFUSION + " has the matrix");
            return 0;
        }
        try {
            byte[] png = ConfusionPicture.png(report);
            results.replace(Map.of(ConfusionPicture.FILE, file -> Files.write(file, png)));
            return 0;
        } catch (DrawingException e) {
            spec.commandLine().getErr().println("separable: " + e.getMessage());
            return Main.FAILED;
        }
    }

    private void print(String text) {
        spec.commandLine().getOut().println(text);
    }

    private static String describe(RunConfig config, Dataset pictures, Device device, Path folder) {
        return String.format(Locale.ROOT, "%s on %s, %d pictures, %s, on %s%nresults go to %s", config.model().name(), pictures.name(), pictures.count(),
                config.recipe().precision(), device.name(), folder);
    }

    /** {@code top-1 0.8731 (8731 of 10000), top-5 0.9971, loss 0.3521} */
    static String lastLine(Evaluation figures) {
        return String.format(Locale.ROOT, "top-1 %.4f (%d of %d), top-5 %.4f, loss %.4f", figures.accuracy(), figures.top1(), figures.count(),
                figures.topFive(), figures.loss());
    }
}
