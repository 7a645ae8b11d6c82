package separable.cli;

import static separable.cli.ModelOptions.or;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import separable.bench.DrawingException;
import separable.data.Dataset;
import separable.data.KnownDataset;
import separable.data.KnownDataset.Part;
import separable.device.Device;
import separable.predict.ModelEvaluation;
import separable.predict.ModelReport;
import separable.predict.ReportFiles;
import separable.predict.ReportTable;
import separable.predict.SavedRun;
import separable.spec.Labels;
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

    @Parameters(paramLabel = "DIR", description = "folder of the run")
    private Path run;

    @Option(names = "--dataset", paramLabel = "NAME", description = "pictures of the same classes from another data set (default: the run's)")
    private String dataset;

    @Option(names = "--data", paramLabel = "DIR", description = "folder of the data set's files (default: where the run found them)")
    private Path data;

    @Option(names = "--part", paramLabel = "NAME", defaultValue = "test", description = "test (default) or train: which of its pictures")
    private String part;

    @Option(names = "--batch", paramLabel = "N", description = "pictures at a time (default: the run's)")
    private Integer batch;

    @Option(names = "--out", paramLabel = "DIR", description = "folder for the results (default: evaluation-PART in the run's)")
    private Path out;

    @Override
    public Integer call() {
        Part pictures = Labels.parse(Part.class, part, "part");
        SavedRun saved = SavedRun.open(run);
        Path folder = or(out, run.resolve("evaluation-" + pictures));
        try (StopSignal stop = new StopSignal(); RunFolder results = RunFolder.open(folder); Device device = Device.open()) {
            Dataset measured = source(saved.config()).load(pictures);
            ModelEvaluation evaluation = new ModelEvaluation(saved, measured, or(batch, saved.config().recipe().batch()));
            print(describe(saved.config(), measured, device, folder));
            return write(measure(evaluation, measured, device, stop), results);
        } catch (StoppedException e) {
            spec.commandLine().getErr().println("separable: " + e.getMessage());
            return Main.INTERRUPTED;
        }
    }

    /** Another data set lies where it always does, unless the user says where. */
    private DataConfig source(RunConfig config) {
        DataConfig named = dataset == null || dataset.equals(config.data().dataset()) ? config.data() : new DataConfig(dataset, KnownDataset.parse(dataset).defaultFolder().toString());
        return data == null ? named : named.in(data.toString());
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
