package separable.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import separable.data.KnownDataset.Part;
import separable.testing.Fuzz;

/** Damaged IDX and CIFAR files: read or refused in a line that names the file, in memory of the file's own size. */
class ReaderFuzzTest {

    private static final int ROUNDS = 500;
    private static final long MOST_BYTES = 16 << 20;

    @TempDir
    Path folder;

    @Test
    void idxPictures() throws IOException {
        Files.write(folder.resolve("train-labels-idx1-ubyte"), IdxFiles.labels(new byte[20]));
        byte[] whole = IdxFiles.images(20, 7, 9, new byte[20 * 7 * 9]);
        fuzz(whole, 1, "train-images-idx3-ubyte", KnownDataset.MNIST, Part.TRAIN);
        fuzz(IdxFiles.gzip(whole), 2, "train-images-idx3-ubyte", KnownDataset.MNIST, Part.TRAIN);
    }

    @Test
    void idxLabels() throws IOException {
        Files.write(folder.resolve("train-images-idx3-ubyte"), IdxFiles.images(20, 7, 9, new byte[20 * 7 * 9]));
        fuzz(IdxFiles.labels(new byte[20]), 3, "train-labels-idx1-ubyte", KnownDataset.FASHION_MNIST, Part.TRAIN);
        fuzz(IdxFiles.gzip(IdxFiles.labels(new byte[20])), 4, "train-labels-idx1-ubyte", KnownDataset.FASHION_MNIST, Part.TRAIN);
    }

    @Test
    void cifar() throws IOException {
        fuzz(CifarFiles.records(3, 1, 4), 5, "test_batch.bin", KnownDataset.CIFAR10, Part.TEST);
        fuzz(CifarFiles.records100(new int[] {3, 1}, new int[] {19, 99}), 6, "test.bin", KnownDataset.CIFAR100_COARSE, Part.TEST);
    }

    private void fuzz(byte[] whole, long seed, String file, KnownDataset dataset, Part part) throws IOException {
        Fuzz.run(whole, ROUNDS, seed, MOST_BYTES, DataException.class, damaged -> {
            Files.write(folder.resolve(file), damaged);
            dataset.load(folder, part);
        });
    }
}
