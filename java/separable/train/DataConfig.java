package separable.train;

import java.nio.file.Path;
import java.util.List;
import separable.data.Dataset;
import separable.data.KnownDataset;

/**
 * Which pictures, and what a network must know of them.
 *
 * @param dataset  a {@link KnownDataset}'s label
 * @param folder   where its files lie
 * @param classes  class names in index order
 * @param channels values of a pixel: 1 grey, 3 red, green, blue
 * @param size     pixels along each side of a picture
 */
public record DataConfig(String dataset, String folder, List<String> classes, int channels, int size) {

    public DataConfig {
        KnownDataset known = KnownDataset.parse(Check.present("dataset", dataset));
        Check.present("folder", folder);
        classes = List.copyOf(Check.present("classes of the data set", classes));
        Check.that(classes.equals(known.classes()), "classes", classes, "those of " + known + ", " + known.classes());
        Check.that(channels == known.channels(), "channels", channels, "those of " + known + ", " + known.channels());
        Check.that(size == known.resolution(), "size", size, "that of " + known + ", " + known.resolution());
    }

    public static DataConfig of(KnownDataset known, String folder) {
        return new DataConfig(known.toString(), folder, known.classes(), known.channels(), known.resolution());
    }

    /** @param dataset a {@link KnownDataset}'s label */
    public DataConfig(String dataset, String folder) {
        this(dataset, folder, KnownDataset.parse(Check.present("dataset", dataset)).classes(), KnownDataset.parse(dataset).channels(),
                KnownDataset.parse(dataset).resolution());
    }

    /** The same data set in another folder. */
    public DataConfig in(String otherFolder) {
        return new DataConfig(dataset, otherFolder, classes, channels, size);
    }

    public Dataset load(KnownDataset.Part part) {
        return KnownDataset.parse(dataset).load(Path.of(folder), part);
    }
}
