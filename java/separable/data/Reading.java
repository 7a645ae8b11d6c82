package separable.data;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;

/** Reads data sets and holds them to what {@link Dataset} asks of them: anyone may write one. */
public final class Reading {

    private Reading() {
    }

    /**
     * Appends one picture to {@code to}, which has room for it.
     *
     * @throws DataException when the picture cannot be read, or is not all of {@link Dataset#imageBytes}
     */
    public static void picture(Dataset dataset, int picture, ByteBuffer to) {
        int bytes = dataset.imageBytes();
        int first = to.position();
        int end = to.limit();
        // Room for no more than the picture, so that a long one cannot run into the next.
        to.limit(first + bytes);
        try {
            dataset.read(picture, to);
        } catch (BufferOverflowException e) {
            throw new DataException(dataset.name() + ": picture " + picture + " gave more than its " + bytes
                    + " bytes: Dataset.read must append just these", e);
        }
        int written = to.position() - first;
        if (written != bytes) {
            throw new DataException(dataset.name() + ": picture " + picture + " gave " + written + " of its " + bytes
                    + " bytes: Dataset.read must append all of them");
        }
        to.limit(end);
    }

    /** The class of every picture. @throws DataException when one is not a class of the data set */
    public static int[] labels(Dataset dataset) {
        int[] labels = dataset.labels();
        if (labels.length != dataset.count()) {
            throw new DataException(dataset.name() + ": " + labels.length + " labels of " + dataset.count()
                    + " pictures: Dataset.labels must give one each");
        }
        int classes = dataset.classes().size();
        for (int picture = 0; picture < labels.length; picture++) {
            if (labels[picture] < 0 || labels[picture] >= classes) {
                throw new DataException(dataset.name() + ": label " + labels[picture] + " of picture " + picture
                        + " is out of range: Dataset.label must be 0 to " + (classes - 1));
            }
        }
        return labels;
    }
}
