package separable.cli;

import static separable.cli.ModelOptions.or;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Option;
import separable.data.DecodeListener;
import separable.data.KnownDataset.Part;
import separable.data.PictureFolder;
import separable.data.PictureStatistics;
import separable.train.DataConfig;
import separable.train.Defaults;
import separable.train.FolderConfig;
import separable.train.InputConfig;
import separable.train.ModelConfig;
import separable.train.RunConfig;

/** The options that say which pictures there are and how a folder of them is read. Null where the user named nothing. */
final class DataOptions {

    private static final String AUTO = "auto";

    @Option(names = "--data", paramLabel = "DIR", description = "folder of the data set's files; of --dataset folder: with train/CLASS/*.jpg and val or test beside, "
            + "or CLASS/*.jpg")
    Path data;

    @Option(names = "--picture-size", paramLabel = "PIXELS",
            description = "side of the squares that a folder's pictures are kept as (default: the resolution by 0.875, 256 for 224)")
    Integer pictureSize;

    @Option(names = "--channels", paramLabel = "1|3", description = "whether a folder's pictures are taken as grey or in colour (default: 3)")
    Integer channels;

    @Option(names = "--validation", paramLabel = "SHARE",
            description = "part of every class that is kept for evaluation, drawn by the seed, where a folder has neither val nor test (default: 0.1)")
    Double validation;

    @Option(names = "--max-broken", paramLabel = "SHARE",
            description = "part of a folder's pictures that may be broken; they are named and left out (default: 0.01)")
    Double maxBroken;

    @Option(names = "--cache", paramLabel = "DIR", description = "where a folder's decoded pictures are kept (default: $SEPARABLE_CACHE, else ~/.cache/separable)")
    Path cache;

    @Option(names = "--mean", paramLabel = "auto|R,G,B", description = "what is subtracted from pixels of 0 to 1, by channel; auto: the training pictures' mean "
            + "(default: a known data set's published one, a folder's own)")
    String mean;

    @Option(names = "--deviation", paramLabel = "auto|R,G,B", description = "what they are divided by; auto: the training pictures' deviation (default: as --mean)")
    String deviation;

    /** The defaults for a model on the data set that was named. @param model whose resolution counts, and whose data set */
    RunConfig defaults(ModelOptions model, String modelName, String optimizer, boolean small) {
        if (!DataConfig.FOLDER.equals(model.dataset)) {
            return Defaults.of(modelName, model.knownDataset(), optimizer, small);
        }
        if (data == null) {
            throw new IllegalArgumentException("--dataset folder: name the folder with --data DIR");
        }
        int resolution = or(model.resolution, Defaults.folderResolution(small));
        PictureFolder.Outline outline = PictureFolder.outline(absolute(data));
        DataConfig folder = new DataConfig(DataConfig.FOLDER, absolute(data).toString(), outline.classes(), or(channels, 3),
                or(pictureSize, Defaults.pictureSize(resolution)),
                new FolderConfig(outline.hasTest() ? 0 : FolderConfig.USUAL_VALIDATION, 1, FolderConfig.USUAL_MAX_BROKEN, null));
        return Defaults.ofFolder(modelName, folder, resolution, optimizer, small);
    }

    /** {@code base} with what the user named put in its place. Folders are absolute, so that config.json serves from any directory. */
    DataConfig over(DataConfig base, long seed) {
        String folder = absolute(or(data, Path.of(base.folder()))).toString();
        if (!base.isFolder()) {
            refuse(pictureSize != null, "--picture-size", base);
            refuse(channels != null, "--channels", base);
            refuse(validation != null, "--validation", base);
            refuse(maxBroken != null, "--max-broken", base);
            refuse(cache != null, "--cache", base);
            return base.in(folder);
        }
        FolderConfig pictures = base.pictures();
        return new DataConfig(base.dataset(), folder, base.classes(), or(channels, base.channels()), or(pictureSize, base.size()),
                new FolderConfig(or(validation, pictures.validation()), seed, or(maxBroken, pictures.maxBroken()),
                        cache == null ? pictures.cache() : absolute(cache).toString()));
    }

    private static void refuse(boolean given, String option, DataConfig data) {
        if (given) {
            throw new IllegalArgumentException(option + ": is for --dataset folder, not for " + data.dataset() + ": leave it out");
        }
    }

    /**
     * The run with the mean and deviation that were asked for. Those of the pictures themselves are computed here; for a folder that
     * means that everything is decoded.
     *
     * @param isNew whether the configuration is one of defaults, which leave a folder's mean and deviation open
     */
    RunConfig normalised(RunConfig run, boolean isNew, DecodeListener listener) {
        boolean isUsual = isNew && run.data().isFolder() && !run.model().name().equals(ModelConfig.SEPARABLE_CNN);
        boolean ownMean = AUTO.equals(mean) || mean == null && isUsual;
        boolean ownDeviation = AUTO.equals(deviation) || deviation == null && isUsual;
        InputConfig input = run.recipe().input();
        List<Float> means = mean == null || ownMean ? input.mean() : numbers("--mean", mean);
        List<Float> deviations = deviation == null || ownDeviation ? input.deviation() : numbers("--deviation", deviation);
        if (ownMean || ownDeviation) {
            PictureStatistics own = (run.data().isFolder() ? run.data().open(listener).train() : run.data().load(Part.TRAIN)).statistics();
            means = ownMean ? own.mean() : means;
            deviations = ownDeviation ? own.deviation() : deviations;
        }
        return run.withRecipe(run.recipe().withInput(input.withStatistics(means, deviations)));
    }

    /** @throws IllegalArgumentException when the text is not numbers with commas between them */
    private static List<Float> numbers(String option, String text) {
        List<Float> numbers = new ArrayList<>();
        try {
            for (String number : text.split(",", -1)) {
                numbers.add(Float.parseFloat(number.trim()));
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(option + " " + text + ": must be auto, or a number for each channel with commas between", e);
        }
        return numbers;
    }

    /** {@code 980 pictures of 10 classes to train on, 98 to evaluate on; 2 broken, 3 odd: see FILE} */
    static String describe(PictureFolder pictures, Path report) {
        int broken = pictures.broken().size();
        int odd = pictures.converted().size();
        return String.format(Locale.ROOT, "%d pictures of %d classes to train on, %d to evaluate on%s", pictures.train().count(), pictures.classes().size(),
                pictures.test().count(), broken + odd == 0 ? "" : "; " + broken + " broken, " + odd + " odd: see " + report);
    }

    private static Path absolute(Path folder) {
        return folder.toAbsolutePath().normalize();
    }
}
