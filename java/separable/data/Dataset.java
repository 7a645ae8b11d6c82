package separable.data;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * Labelled pictures of one size: what a run trains on or measures. Implement it for pictures of one's own.
 *
 * <p>Pictures and labels stay the same for as long as a run uses them. {@link #read} and {@link #label} are called from several
 * threads at once.
 */
public interface Dataset {

    /** What messages call it, as in {@code fashion-mnist train}. */
    String name();

    /** The file or folder it came from. */
    String source();

    /** Rows of every picture. */
    int height();

    /** Columns of every picture. */
    int width();

    /** Values of a pixel: 1 grey, 3 red, green, blue. */
    int channels();

    /** Number of pictures, at least 1. */
    int count();

    /** Class names in index order. */
    List<String> classes();

    /** The class of a picture, 0 to {@code classes().size() - 1}; checked before the first step. */
    int label(int picture);

    /**
     * Appends a picture's unsigned bytes {@code [height, width, channels]} to {@code to}, which has room for {@link #imageBytes}.
     *
     * <p>Whoever uses it checks that it appended just these: {@link Reading}.
     *
     * @throws DataException when the picture cannot be read
     */
    void read(int picture, ByteBuffer to);

    /** Bytes of one picture. */
    default int imageBytes() {
        return Math.multiplyExact(Math.multiplyExact(height(), width()), channels());
    }

    /** Bytes of all pictures. */
    default long bytes() {
        return (long) count() * imageBytes();
    }

    /** Mean and deviation of all pictures; reads them all unless the data set knows. */
    default PictureStatistics statistics() {
        return PictureStatistics.of(this);
    }

    /** What tells a picture from others of its class without reading it, such as a file's name; empty unless the data set knows. */
    default String mark(int picture) {
        return "";
    }

    /** The class of every picture. */
    default int[] labels() {
        int[] labels = new int[count()];
        for (int picture = 0; picture < labels.length; picture++) {
            labels[picture] = label(picture);
        }
        return labels;
    }
}
