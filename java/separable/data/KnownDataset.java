package separable.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import separable.spec.Labels;

/** The data sets that can be named on the command line: where they lie, how they are read, and their statistics. */
public enum KnownDataset {

    FASHION_MNIST("fashion-mnist", "/usr/share/datasets/fashion-mnist",
            "install Debian's package with `apt install dataset-fashion-mnist`, or name the folder with --data DIR",
            List.of("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
            new float[] {0.2860f}, new float[] {0.3530f}),

    MNIST("mnist", "data/mnist",
            "get the four IDX files (train-images-idx3-ubyte and the other three, .gz or not) and name their folder with --data DIR",
            List.of("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"),
            new float[] {0.1307f}, new float[] {0.3081f}),

    CIFAR10("cifar10", "data/cifar10",
            "get CIFAR-10's binary version (data_batch_1.bin to data_batch_5.bin and test_batch.bin) and name its folder with --data DIR",
            List.of("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
            new float[] {0.4914f, 0.4822f, 0.4465f}, new float[] {0.2470f, 0.2435f, 0.2616f}),

    CIFAR100("cifar100", "data/cifar100", Cifar100.HOW_TO_GET, Cifar100Classes.FINE, Cifar100.MEAN, Cifar100.DEVIATION),

    /** The same pictures with their 20 superclasses. */
    CIFAR100_COARSE("cifar100-coarse", "data/cifar100", Cifar100.HOW_TO_GET, Cifar100Classes.COARSE, Cifar100.MEAN, Cifar100.DEVIATION);

    /** What its two sets of labels share. */
    private static final class Cifar100 {
        static final String HOW_TO_GET = "get CIFAR-100's binary version (train.bin and test.bin) and name its folder with --data DIR";
        static final float[] MEAN = {0.5071f, 0.4865f, 0.4409f};
        static final float[] DEVIATION = {0.2673f, 0.2564f, 0.2762f};
    }

    /** The two parts every one of them has. */
    public enum Part {
        TRAIN("train"), TEST("t10k");

        private final String idxPrefix;

        Part(String idxPrefix) {
            this.idxPrefix = idxPrefix;
        }

        /** The name users type: {@code train} or {@code test}. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final String label;
    private final Path defaultFolder;
    private final String howToGet;
    private final List<String> classes;
    private final float[] mean;
    private final float[] deviation;

    KnownDataset(String label, String defaultFolder, String howToGet, List<String> classes, float[] mean, float[] deviation) {
        this.label = label;
        this.defaultFolder = Path.of(defaultFolder);
        this.howToGet = howToGet;
        this.classes = classes;
        this.mean = mean;
        this.deviation = deviation;
    }

    /** Where the files are looked for when no folder is named. */
    public Path defaultFolder() {
        return defaultFolder;
    }

    public List<String> classes() {
        return classes;
    }

    /** Channels of a picture: 1 grey, 3 red, green, blue. */
    public int channels() {
        return mean.length;
    }

    /** Pixels along each side of a picture. */
    public int resolution() {
        return channels() == 1 ? 28 : 32;
    }

    /** Mean and standard deviation of the training pictures, as they are published. */
    public PictureStatistics statistics() {
        return new PictureStatistics(list(mean), list(deviation));
    }

    private static List<Float> list(float[] values) {
        return IntStream.range(0, values.length).mapToObj(i -> values[i]).toList();
    }

    /**
     * Reads one part from a folder.
     *
     * @throws DataException in one line: which file, what is wrong, what to do
     */
    public Dataset load(Path folder, Part part) {
        if (!Files.isDirectory(folder)) {
            throw new DataException(folder + ": no such folder, " + label + " was looked for there: " + howToGet);
        }
        String name = label + " " + part;
        return switch (this) {
            case MNIST, FASHION_MNIST -> loadIdx(name, folder, part);
            case CIFAR10 -> new CifarReader(CifarFormat.CIFAR10, name, classes).read(folder, part == Part.TEST ? List.of("test_batch.bin")
                    : List.of("data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"), 10_000);
            case CIFAR100 -> loadCifar100(CifarFormat.CIFAR100_FINE, name, folder, part);
            case CIFAR100_COARSE -> loadCifar100(CifarFormat.CIFAR100_COARSE, name, folder, part);
        };
    }

    private Dataset loadCifar100(CifarFormat format, String name, Path folder, Part part) {
        CifarReader reader = new CifarReader(format, name, classes);
        return part == Part.TEST ? reader.read(folder, List.of("test.bin"), 10_000) : reader.read(folder, List.of("train.bin"), 50_000);
    }

    private Dataset loadIdx(String name, Path folder, Part part) {
        return IdxReader.read(name, idxFile(folder, part.idxPrefix + "-images", "idx3-ubyte"),
                idxFile(folder, part.idxPrefix + "-labels", "idx1-ubyte"), classes);
    }

    /** The file under one of the names in use: {@code stem-kind} or {@code stem.kind}, with or without .gz. */
    private Path idxFile(Path folder, String stem, String kind) {
        for (String name : List.of(stem + "-" + kind + ".gz", stem + "-" + kind, stem + "." + kind + ".gz", stem + "." + kind)) {
            Path file = folder.resolve(name);
            if (Files.exists(file)) {
                return file;
            }
        }
        throw new DataException(folder.resolve(stem + "-" + kind) + "[.gz]: no such file, " + label + " needs it: " + howToGet);
    }

    /** The name users type: {@code fashion-mnist}. */
    @Override
    public String toString() {
        return label;
    }

    /** @throws IllegalArgumentException naming the accepted labels */
    public static KnownDataset parse(String label) {
        return Labels.parse(KnownDataset.class, label, "data set");
    }
}
