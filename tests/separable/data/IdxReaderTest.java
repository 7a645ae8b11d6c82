package separable.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdxReaderTest {

    @TempDir
    Path folder;

    private final byte[] pixels = {0, 1, 2, 3, 4, 5, (byte) 250, (byte) 251, (byte) 252, (byte) 253, (byte) 254, (byte) 255};
    private final byte[] goodImages = IdxFiles.images(2, 2, 3, pixels);
    private final byte[] goodLabels = IdxFiles.labels((byte) 7, (byte) 0);

    private Dataset load(byte[] images, byte[] labels) throws IOException {
        Files.write(folder.resolve("train-images-idx3-ubyte"), images);
        Files.write(folder.resolve("train-labels-idx1-ubyte"), labels);
        return KnownDataset.MNIST.load(folder, KnownDataset.Part.TRAIN);
    }

    private void assertRefused(byte[] images, byte[] labels, String... parts) {
        assertThatThrownBy(() -> load(images, labels)).isInstanceOf(DataException.class)
                .satisfies(e -> assertThat(e.getMessage()).contains(parts).startsWith(folder.toString()).doesNotContain("\n"));
    }

    @Test
    void readsPlainAndGzipAlike() throws IOException {
        Dataset plain = load(goodImages, goodLabels);
        Dataset packed = load(IdxFiles.gzip(goodImages), IdxFiles.gzip(goodLabels));

        for (Dataset read : new Dataset[] {plain, packed}) {
            assertThat(read.count()).isEqualTo(2);
            assertThat(new int[] {read.height(), read.width(), read.channels()}).containsExactly(2, 3, 1);
            assertThat(Pictures.of(read)).isEqualTo(pixels);
            assertThat(read.labels()).containsExactly(7, 0);
            assertThat(read.classes()).hasSize(10);
        }
    }

    @Test
    void findsTheOtherNamesInUse() throws IOException {
        Files.write(folder.resolve("t10k-images.idx3-ubyte"), goodImages);
        Files.write(folder.resolve("t10k-labels-idx1-ubyte.gz"), IdxFiles.gzip(goodLabels));
        assertThat(KnownDataset.MNIST.load(folder, KnownDataset.Part.TEST).count()).isEqualTo(2);
    }

    @Test
    void saysWhatIsMissing() throws IOException {
        assertThatThrownBy(() -> KnownDataset.FASHION_MNIST.load(folder.resolve("nowhere"), KnownDataset.Part.TRAIN))
                .isInstanceOf(DataException.class).hasMessageContainingAll("nowhere: no such folder", "apt install dataset-fashion-mnist", "--data");
        Files.write(folder.resolve("train-images-idx3-ubyte"), goodImages);
        assertThatThrownBy(() -> KnownDataset.MNIST.load(folder, KnownDataset.Part.TRAIN))
                .isInstanceOf(DataException.class).hasMessageContaining("train-labels-idx1-ubyte[.gz]: no such file");
    }

    @Test
    void refusesTruncatedFiles() {
        assertRefused(Arrays.copyOf(goodImages, goodImages.length - 5), goodLabels, "truncated: expected 28 bytes, found 23");
        assertRefused(Arrays.copyOf(goodImages, 9), goodLabels, "truncated: expected at least 16 bytes, found 9");
        assertRefused(goodImages, Arrays.copyOf(goodLabels, 9), "train-labels", "truncated: expected 10 bytes, found 9");
    }

    @Test
    void refusesFilesThatAreTooLong() {
        assertRefused(Arrays.copyOf(goodImages, goodImages.length + 1), goodLabels, "too long: expected 28 bytes");
    }

    @Test
    void refusesEmptyFiles() {
        assertRefused(new byte[0], goodLabels, "train-images", "is empty");
        assertRefused(IdxFiles.gzip(new byte[0]), goodLabels, "train-images", "is not an IDX picture file");
    }

    @Test
    void refusesCorruptAndTruncatedGzip() {
        byte[] noise = new byte[4000];
        new Random(3).nextBytes(noise);
        byte[] packed = IdxFiles.gzip(IdxFiles.images(10, 20, 20, noise));
        assertRefused(Arrays.copyOf(packed, packed.length / 2), goodLabels, "gzip data is truncated");

        byte[] corrupt = packed.clone();
        corrupt[packed.length - 6] ^= 0x55;     // the check sum
        assertRefused(corrupt, goodLabels, "gzip data is corrupt");

        byte[] badBlock = packed.clone();
        badBlock[10] = (byte) 0xff;             // an invalid block type
        assertRefused(badBlock, goodLabels, "gzip data is corrupt");
    }

    @Test
    void refusesTheWrongKindOfFile() {
        assertRefused("<html>not found</html>".getBytes(), goodLabels, "is not an IDX picture file: it starts with 3c 68 74 6d instead of 00 00 08 03");
        assertRefused(goodLabels, goodLabels, "is not an IDX picture file but an IDX label file");
        assertRefused(goodImages, goodImages, "train-labels", "is not an IDX label file but an IDX picture file");
    }

    @Test
    void refusesHeadersThatCannotBe() {
        for (int[] extents : new int[][] {{0, 2, 3}, {-1, 2, 3}, {2, 0, 3}, {Integer.MAX_VALUE, 10000, 10000}}) {
            byte[] header = ByteBuffer.allocate(16).putInt(0x803).putInt(extents[0]).putInt(extents[1]).putInt(extents[2]).array();
            assertRefused(header, goodLabels, "which cannot be");
        }
    }

    @Test
    void refusesCountsThatDiffer() {
        assertRefused(goodImages, IdxFiles.labels((byte) 1), "2 pictures, but", "1 labels");
    }

    @Test
    void refusesLabelsOutOfRange() {
        assertRefused(goodImages, IdxFiles.labels((byte) 3, (byte) 10), "label 10 of picture 1 is out of range", "0 to 9");
        assertRefused(goodImages, IdxFiles.labels((byte) 200, (byte) 1), "label 200 of picture 0 is out of range");
    }

    @Test
    void refusesAFolderInTheFilesPlace() throws IOException {
        Files.createDirectory(folder.resolve("train-images-idx3-ubyte"));
        Files.write(folder.resolve("train-labels-idx1-ubyte"), goodLabels);
        assertThatThrownBy(() -> KnownDataset.MNIST.load(folder, KnownDataset.Part.TRAIN))
                .isInstanceOf(DataException.class).hasMessageContaining("is a folder");
    }
}
