package separable.data;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * Labelled pictures in the Java heap, at most 2 GB of them.
 *
 * @param name    what messages call it, as in {@code fashion-mnist train}
 * @param source  the file or folder it came from
 * @param images  unsigned bytes {@code [count, height, width, channels]}, channels not padded
 * @param labels  one class index a picture, 0 to {@code classes.size() - 1}
 * @param classes class names in index order
 */
public record MemoryDataset(String name, String source, int height, int width, int channels, byte[] images, int[] labels,
                            List<String> classes) implements Dataset {

    public MemoryDataset {
        classes = List.copyOf(classes);
        if (height < 1 || width < 1 || channels < 1) {
            throw new IllegalArgumentException(name + ": pictures of " + height + "x" + width + "x" + channels
                    + ": every extent must be at least 1");
        }
        if (labels.length == 0) {
            throw new DataException(source + ": holds no pictures: use a data set with at least one");
        }
        long expected = (long) labels.length * height * width * channels;
        if (images.length != expected) {
            throw new DataException(source + ": " + labels.length + " labels need " + expected + " bytes of pictures, found "
                    + images.length + ": get the files again, all from one place");
        }
        checkLabels(name, source, labels, classes.size());
    }

    static void checkLabels(String name, String source, int[] labels, int classes) {
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classes) {
                throw new DataException(source + ": label " + labels[i] + " of picture " + i + " is out of range: " + name
                        + " has classes 0 to " + (classes - 1) + ": get the file again");
            }
        }
    }

    @Override
    public int count() {
        return labels.length;
    }

    @Override
    public int label(int picture) {
        return labels[picture];
    }

    @Override
    public void read(int picture, ByteBuffer to) {
        to.put(images, picture * imageBytes(), imageBytes());
    }
}
