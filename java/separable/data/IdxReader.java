package separable.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * The IDX format of MNIST and Fashion-MNIST, gzip or plain. Big-endian: a magic number {@code 00 00 08 rank} (08 is
 * unsigned bytes), {@code rank} 32-bit extents, then the bytes.
 */
final class IdxReader {

    private static final int IMAGES_MAGIC = 0x00000803;
    private static final int LABELS_MAGIC = 0x00000801;

    private IdxReader() {
    }

    /** The pictures of one file: {@code [count, height, width]} unsigned bytes. */
    private record Images(int count, int height, int width, byte[] bytes) { }

    /** Reads a pair of files; pictures are grey, so channels is 1. */
    static Dataset read(String name, Path imagesFile, Path labelsFile, List<String> classes) {
        Images images = DataFile.read(imagesFile, in -> readImages(imagesFile, in));
        int[] labels = DataFile.read(labelsFile, in -> readLabels(labelsFile, in));
        if (images.count() != labels.length) {
            throw new DataException(imagesFile + ": " + images.count() + " pictures, but " + labelsFile + " has " + labels.length
                    + " labels: get both files again, from one place");
        }
        MemoryDataset.checkLabels(name, labelsFile.toString(), labels, classes.size());
        return new MemoryDataset(name, imagesFile.toString(), images.height(), images.width(), 1, images.bytes(), labels, classes);
    }

    private static Images readImages(Path file, InputStream in) throws IOException {
        ByteBuffer header = header(file, in, IMAGES_MAGIC, "an IDX picture file", 3);
        int count = header.getInt();
        int height = header.getInt();
        int width = header.getInt();
        // Every extent is bounded first, so that the product cannot overflow a long.
        boolean sane = count >= 1 && height >= 1 && width >= 1 && height <= 1 << 14 && width <= 1 << 14
                && (long) count * height * width <= Integer.MAX_VALUE - 16;
        if (!sane) {
            throw new DataException(file + ": the header gives " + count + " pictures of " + height + "x" + width
                    + ", which cannot be: get the file again");
        }
        return new Images(count, height, width, DataFile.readToEnd(file, in, 16, count * height * width));
    }

    private static int[] readLabels(Path file, InputStream in) throws IOException {
        int count = header(file, in, LABELS_MAGIC, "an IDX label file", 1).getInt();
        if (count < 1 || count > Integer.MAX_VALUE - 16) {
            throw new DataException(file + ": the header gives " + count + " labels, which cannot be: get the file again");
        }
        return unsigned(DataFile.readToEnd(file, in, 8, count));
    }

    private static int[] unsigned(byte[] bytes) {
        int[] values = new int[bytes.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = Byte.toUnsignedInt(bytes[i]);
        }
        return values;
    }

    /** Checks the magic number and returns the extents, ready to be read. */
    private static ByteBuffer header(Path file, InputStream in, int magic, String kind, int rank) throws IOException {
        byte[] found = in.readNBytes(4);
        byte[] wanted = ByteBuffer.allocate(4).putInt(magic).array();
        if (!Arrays.equals(found, wanted)) {
            throw new DataException(file + ": is not " + kind + kindOf(found) + ": it starts with " + DataFile.hex(found)
                    + " instead of " + DataFile.hex(wanted) + ": check which file is where, or get it again");
        }
        byte[] extents = in.readNBytes(4 * rank);
        if (extents.length < 4 * rank) {
            throw new DataException(file + ": truncated: expected at least " + (4 + 4 * rank) + " bytes, found "
                    + (4 + extents.length) + ": get the file again");
        }
        return ByteBuffer.wrap(extents);
    }

    private static String kindOf(byte[] start) {
        if (start.length < 4) {
            return "";
        }
        return switch (ByteBuffer.wrap(start).getInt()) {
            case IMAGES_MAGIC -> " but an IDX picture file";
            case LABELS_MAGIC -> " but an IDX label file";
            default -> "";
        };
    }
}
