package separable.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/** Makes small IDX data sets for tests. */
public final class IdxFiles {

    private IdxFiles() {
    }

    public static byte[] images(int count, int height, int width, byte[] pixels) {
        return ByteBuffer.allocate(16 + pixels.length).putInt(0x803).putInt(count).putInt(height).putInt(width).put(pixels).array();
    }

    public static byte[] labels(byte... labels) {
        return ByteBuffer.allocate(8 + labels.length).putInt(0x801).putInt(labels.length).put(labels).array();
    }

    public static byte[] gzip(byte[] plain) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }

    /**
     * A learnable data set in MNIST's four files: class k is a bright bar at a row and column given by k, in noise.
     */
    public static void write(Path folder, int trainCount, int testCount, int side) throws IOException {
        writePart(folder, "train", trainCount, side, 1);
        writePart(folder, "t10k", testCount, side, 2);
    }

    private static void writePart(Path folder, String prefix, int count, int side, long seed) throws IOException {
        Random random = new Random(seed);
        byte[] pixels = new byte[count * side * side];
        byte[] labels = new byte[count];
        for (int i = 0; i < count; i++) {
            int label = random.nextInt(10);
            labels[i] = (byte) label;
            for (int y = 0; y < side; y++) {
                for (int x = 0; x < side; x++) {
                    boolean bar = label < 5 ? y * 5 / side == label : x * 5 / side == label - 5;
                    pixels[(i * side + y) * side + x] = (byte) (random.nextInt(60) + (bar ? 180 : 0));
                }
            }
        }
        Files.write(folder.resolve(prefix + "-images-idx3-ubyte.gz"), gzip(images(count, side, side, pixels)));
        Files.write(folder.resolve(prefix + "-labels-idx1-ubyte"), labels(labels));
    }
}
