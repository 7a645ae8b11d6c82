package separable.train;

import java.nio.file.Path;
import java.util.List;
import separable.data.DataException;
import separable.data.Dataset;
import separable.data.DecodeListener;
import separable.data.KnownDataset;
import separable.data.KnownDataset.Part;
import separable.data.PictureFolder;

/**
 * Which pictures, and what a network must know of them.
 *
 * @param dataset  a {@link KnownDataset}'s label, or {@link #FOLDER}
 * @param folder   where its files lie
 * @param classes  class names in index order
 * @param channels values of a pixel: 1 grey, 3 red, green, blue
 * @param size     pixels along each side of a picture
 * @param pictures how a folder of pictures is read; absent for a known data set
 */
public record DataConfig(String dataset, String folder, List<String> classes, int channels, int size, FolderConfig pictures) {

    /** Pictures in class folders. */
    public static final String FOLDER = "folder";

    public DataConfig {
        Check.present("dataset", dataset);
        Check.present("folder", folder);
        classes = List.copyOf(Check.present("classes of the data set", classes));
        if (dataset.equals(FOLDER)) {
            Check.present("way to read the folder (pictures)", pictures).options(size, channels);
            Check.that(classes.size() >= 2, "classes", classes, "two at least");
        } else {
            KnownDataset known = KnownDataset.parse(dataset);
            Check.that(pictures == null, "way to read the pictures", pictures, "absent beside " + known);
            Check.that(classes.equals(known.classes()), "classes", classes, "those of " + known + ", " + known.classes());
            Check.that(channels == known.channels(), "channels", channels, "those of " + known + ", " + known.channels());
            Check.that(size == known.resolution(), "size", size, "that of " + known + ", " + known.resolution());
        }
    }

    public static DataConfig of(KnownDataset known, String folder) {
        return new DataConfig(known.toString(), folder, known.classes(), known.channels(), known.resolution(), null);
    }

    /** @param dataset a {@link KnownDataset}'s label */
    public DataConfig(String dataset, String folder) {
        this(dataset, folder, KnownDataset.parse(Check.present("dataset", dataset)).classes(), KnownDataset.parse(dataset).channels(),
                KnownDataset.parse(dataset).resolution(), null);
    }

    public boolean isFolder() {
        return dataset.equals(FOLDER);
    }

    /** The same data set in another folder. */
    public DataConfig in(String otherFolder) {
        return new DataConfig(dataset, otherFolder, classes, channels, size, pictures);
    }

    /** @throws DataException when the pictures cannot be read, or are not of these classes */
    public Dataset load(Part part) {
        if (isFolder()) {
            PictureFolder opened = open(DecodeListener.NONE);
            return part == Part.TRAIN ? opened.train() : opened.test();
        }
        return KnownDataset.parse(dataset).load(Path.of(folder), part);
    }

    /** Both parts. @param listener hears how decoding goes on @throws DataException as {@link #load} */
    public LoadedData loadAll(DecodeListener listener) {
        if (isFolder()) {
            PictureFolder opened = open(listener);
            return new LoadedData(opened.train(), opened.test(), opened.report());
        }
        return new LoadedData(load(Part.TRAIN), load(Part.TEST), "");
    }

    /** The folder of pictures, decoded. @throws DataException as {@link #load} */
    public PictureFolder open(DecodeListener listener) {
        PictureFolder opened = PictureFolder.open(Path.of(folder), pictures.options(size, channels), listener);
        if (!opened.classes().equals(classes)) {
            throw new DataException(folder + ": its classes are " + opened.classes() + ", the run's are " + classes
                    + ": name the folder that the run was made with");
        }
        return opened;
    }
}
