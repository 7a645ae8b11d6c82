package separable.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import separable.data.Dataset;
import separable.data.KnownDataset.Part;
import separable.data.Sampler;
import separable.device.Device;
import separable.train.AugmentedBatch;
import separable.train.Defaults;
import separable.train.RunConfig;
import separable.train.TrainingException;

/** {@code separable preview}: training pictures as a run's steps would draw them, made on the device, on a sheet. */
@Command(name = "preview", sortOptions = false,
        description = "Write a sheet of training pictures as the network would see them: a row a picture, a column a draw.")
final class PreviewCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--out", paramLabel = "FILE", defaultValue = "preview.png", description = "the PNG file (default: ${DEFAULT-VALUE})")
    private Path out;

    @Option(names = "--pictures", paramLabel = "N", defaultValue = "8", description = "rows: pictures at even distances over the training set (default: ${DEFAULT-VALUE})")
    private int pictures;

    @Option(names = "--draws", paramLabel = "N", defaultValue = "8", description = "columns after the first, which shows what evaluation sees (default: ${DEFAULT-VALUE})")
    private int draws;

    @Mixin
    private TrainOptions options = new TrainOptions();

    @Override
    public Integer call() {
        requireSome("--pictures", pictures);
        requireSome("--draws", draws);
        refuse("--print-config", options.printConfig);
        refuse("--profile", options.profile);
        try (Device device = Device.open()) {
            RunConfig run = resolve(device);
            Dataset dataset = run.data().load(Part.TRAIN);
            int rows = Math.min(pictures, dataset.count());
            PreviewSheet.requireDrawable(rows, draws + 1L, run.model().resolution());
            List<List<AugmentedBatch.Sample>> columns = columns(device, run, dataset, rows);
            write(PreviewSheet.png(columns, dataset.classes()));
            spec.commandLine().getOut().printf(Locale.ROOT, "%s: %d pictures of %s, each as evaluation sees it and as steps 1 to %d draw it, on %s%n", out, rows,
                    dataset.name(), draws, device.name());
            spec.commandLine().getOut().flush();
        }
        return 0;
    }

    private RunConfig resolve(Device device) {
        try (DecodeProgress decoding = new DecodeProgress(spec.commandLine().getErr(), () -> false)) {
            RunConfig run = options.resolve(Defaults.isSmall(device.multiprocessors()), decoding);
            if (run.data().isFolder()) {
                run.data().open(decoding);
            }
            return run;
        }
    }

    private static void refuse(String option, boolean typed) {
        if (typed) {
            throw new IllegalArgumentException(option + " is for train: a preview trains nothing");
        }
    }

    private static void requireSome(String option, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(option + " " + value + ": must be at least 1");
        }
    }

    private List<List<AugmentedBatch.Sample>> columns(Device device, RunConfig run, Dataset dataset, int rows) {
        int[] samples = new Sampler(dataset.count(), 0).spread(rows);
        try (AugmentedBatch batch = new AugmentedBatch(device, dataset, samples, run.model().resolution(), run.recipe())) {
            List<List<AugmentedBatch.Sample>> columns = new ArrayList<>(List.of(batch.evaluated()));
            for (int step = 0; step < draws; step++) {
                columns.add(batch.drawn(step));
            }
            return columns;
        }
    }

    private void write(byte[] png) {
        Path file = out.toAbsolutePath();
        Path aside = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.createDirectories(file.getParent());
            Files.write(aside, png);
            Files.move(aside, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new TrainingException(out + ": cannot be written (" + e.getMessage() + "): name another file with --out", e);
        }
    }
}
