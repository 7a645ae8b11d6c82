package separable.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes small CIFAR data sets for tests. */
public final class CifarFiles {

    static final int RECORD = 3073;

    private CifarFiles() {
    }

    /** A record a label: red holds the column, green the row, blue the label. */
    static byte[] records(int... labels) {
        byte[] bytes = new byte[labels.length * RECORD];
        for (int i = 0; i < labels.length; i++) {
            bytes[i * RECORD] = (byte) labels[i];
            for (int p = 0; p < 1024; p++) {
                bytes[i * RECORD + 1 + p] = (byte) (p % 32);
                bytes[i * RECORD + 1 + 1024 + p] = (byte) (p / 32);
                bytes[i * RECORD + 1 + 2048 + p] = (byte) (200 + labels[i]);
            }
        }
        return bytes;
    }

    /** CIFAR-100: the superclass, then the class; the picture as above, blue the class. */
    static byte[] records100(int[]... labels) {
        byte[] bytes = new byte[labels.length * (RECORD + 1)];
        for (int i = 0; i < labels.length; i++) {
            bytes[i * (RECORD + 1)] = (byte) labels[i][0];
            System.arraycopy(records(labels[i][1]), 0, bytes, i * (RECORD + 1) + 1, RECORD);
        }
        return bytes;
    }

    /** CIFAR-100's two files, {@code count} pictures each. */
    public static void write100(Path folder, int count) throws IOException {
        int[][] labels = new int[count][];
        for (int i = 0; i < count; i++) {
            labels[i] = new int[] {i % 20, i % 100};
        }
        Files.write(folder.resolve("train.bin"), records100(labels));
        Files.write(folder.resolve("test.bin"), records100(labels));
    }

    /** The six files, {@code count} pictures each. */
    public static void write(Path folder, int count) throws IOException {
        int[] labels = new int[count];
        for (int i = 0; i < count; i++) {
            labels[i] = i % 10;
        }
        for (int batch = 1; batch <= 5; batch++) {
            Files.write(folder.resolve("data_batch_" + batch + ".bin"), records(labels));
        }
        Files.write(folder.resolve("test_batch.bin"), records(labels));
    }
}
