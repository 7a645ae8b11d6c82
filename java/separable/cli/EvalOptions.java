package separable.cli;

import static separable.cli.ModelOptions.or;

import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import separable.data.Dataset;
import separable.data.DecodeListener;
import separable.data.KnownDataset;
import separable.data.PictureFolder;
import separable.spec.Labels;
import separable.train.DataConfig;
import separable.train.FolderConfig;

/** The options of {@code separable eval}. Null where the user named nothing. */
final class EvalOptions {

    /** Which of a data set's pictures. */
    private enum Part {
        TEST("test"), TRAIN("train"), ALL("all");

        private final String label;

        Part(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }

    @Parameters(paramLabel = "DIR", description = "folder of the run")
    Path run;

    @Mixin
    SavedRunOptions weights = new SavedRunOptions();

    @Option(names = "--dataset", paramLabel = "NAME", description = "pictures of the same classes from another data set, or folder (default: the run's)")
    String dataset;

    @Option(names = "--data", paramLabel = "DIR", description = "folder of the data set's files (default: where the run found them)")
    Path data;

    @Option(names = "--part", paramLabel = "NAME", description = "which of its pictures: test, train or, of a folder, all (default: test; of another"
            + " folder than the run's without a part for that, all)")
    String part;

    @Option(names = "--cache", paramLabel = "DIR", description = "where a folder's decoded pictures are kept (default: the run's)")
    Path cache;

    @Option(names = "--batch", paramLabel = "N", description = "pictures at a time (default: the run's)")
    Integer batch;

    @Option(names = "--out", paramLabel = "DIR", description = "folder for the results (default: evaluation in the run's; of --best, evaluation-best)")
    Path out;

    Path outFolder() {
        return or(out, run.resolve(weights.best ? "evaluation-best" : "evaluation"));
    }

    /**
     * The pictures to measure on.
     *
     * @param own      the run's
     * @param listener hears how decoding goes on
     * @throws IllegalArgumentException when the options do not go together
     * @throws separable.data.DataException when the pictures cannot be read
     */
    Dataset pictures(DataConfig own, DecodeListener listener) {
        Part wanted = part == null ? null : Labels.parse(Part.class, part, "part");
        if (!or(dataset, own.dataset()).equals(DataConfig.FOLDER)) {
            return known(own, or(wanted, Part.TEST));
        }
        boolean isOwn = data == null && own.isFolder();
        PictureFolder opened = (isOwn && cache == null ? own : folder(own)).open(listener);
        return switch (or(wanted, isOwn || opened.hasTestFolder() ? Part.TEST : Part.ALL)) {
            case TEST -> opened.test();
            case TRAIN -> opened.train();
            case ALL -> opened.all();
        };
    }

    /** Another data set lies where it always does, unless the user says where. */
    private Dataset known(DataConfig own, Part wanted) {
        if (wanted == Part.ALL) {
            throw new IllegalArgumentException("--part all: is for --dataset folder: use test or train");
        }
        DataConfig named = dataset == null ? own : DataConfig.of(KnownDataset.parse(dataset), KnownDataset.parse(dataset).defaultFolder().toString());
        return (data == null ? named : named.in(data.toString())).load(wanted == Part.TRAIN ? KnownDataset.Part.TRAIN : KnownDataset.Part.TEST);
    }

    /** With the run's classes, channels and size, whether or not it has a part for evaluation. */
    private DataConfig folder(DataConfig own) {
        if (data == null && !own.isFolder()) {
            throw new IllegalArgumentException("--dataset folder: name the folder with --data DIR");
        }
        Path folder = or(data, Path.of(own.folder())).toAbsolutePath().normalize();
        FolderConfig pictures = own.isFolder() ? own.pictures() : new FolderConfig(0, 1, FolderConfig.USUAL_MAX_BROKEN, null);
        double held = pictures.validation() > 0 ? pictures.validation() : FolderConfig.USUAL_VALIDATION;
        double validation = PictureFolder.outline(folder).hasTest() ? 0 : held;
        return new DataConfig(DataConfig.FOLDER, folder.toString(), own.classes(), own.channels(), own.size(),
                new FolderConfig(validation, pictures.seed(), pictures.maxBroken(),
                        cache == null ? pictures.cache() : cache.toAbsolutePath().toString()));
    }
}
