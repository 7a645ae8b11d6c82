package separable.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static separable.data.CifarFiles.RECORD;
import static separable.data.CifarFiles.records;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CifarReaderTest {

    @TempDir
    Path folder;

    private void write(String name, byte[] bytes) throws IOException {
        Files.write(folder.resolve(name), bytes);
    }

    private void assertRefused(String... parts) {
        assertThatThrownBy(() -> KnownDataset.CIFAR10.load(folder, KnownDataset.Part.TEST)).isInstanceOf(DataException.class)
                .satisfies(e -> assertThat(e.getMessage()).contains(parts).startsWith(folder.toString()).doesNotContain("\n"));
    }

    @Test
    void turnsPlanesToPixelsAndJoinsTheBatches() throws IOException {
        for (int i = 1; i <= 5; i++) {
            write("data_batch_" + i + ".bin", records(i, 9 - i));
        }
        Dataset read = KnownDataset.CIFAR10.load(folder, KnownDataset.Part.TRAIN);
        assertThat(read.labels()).containsExactly(1, 8, 2, 7, 3, 6, 4, 5, 5, 4);
        assertThat(new int[] {read.height(), read.width(), read.channels()}).containsExactly(32, 32, 3);
        int pixel = 3 * read.imageBytes() + (5 * 32 + 11) * 3;
        assertThat(Arrays.copyOfRange(Pictures.of(read), pixel, pixel + 3)).containsExactly(11, 5, (byte) 207);
    }

    @Test
    void looksIntoTheUnpackedArchive() throws IOException {
        folder = Files.createDirectory(folder.resolve("cifar-10-batches-bin"));
        write("test_batch.bin", records(3));
        assertThat(KnownDataset.CIFAR10.load(folder.getParent(), KnownDataset.Part.TEST).count()).isEqualTo(1);
    }

    @Test
    void refusesWrongFiles() throws IOException {
        assertRefused("test_batch.bin: no such file", "binary version");
        write("test_batch", new byte[] {(byte) 0x80, 4});
        assertRefused("test_batch.bin: no such file", "Python version", "binary version");
        write("test_batch.bin", new byte[] {(byte) 0x80, 4, (byte) 0x95, 0});
        assertRefused("Python pickle");
        write("test_batch.bin", new byte[0]);
        assertRefused("is empty");
        write("test_batch.bin", Arrays.copyOf(records(1, 2), 2 * RECORD - 73));
        assertRefused("expected a multiple of 3073 bytes, found 6073 (1 records and 3000 bytes)");
        write("test_batch.bin", records(1, 10));
        assertRefused("test_batch.bin: label 10 of picture 1 is out of range");
    }

    @Test
    void refusesMorePicturesThanThereAre() throws IOException {
        byte[] most = new byte[10_000 * RECORD];
        write("test_batch.bin", most);
        assertThat(KnownDataset.CIFAR10.load(folder, KnownDataset.Part.TEST).count()).isEqualTo(10_000);
        write("test_batch.bin", Arrays.copyOf(most, most.length + RECORD));
        assertRefused("test_batch.bin: holds more than the 10000 pictures of this file of CIFAR-10: get the file again");
    }

    /** The packed data ends without its end: a reader that went on behind the last picture there can be would meet that. */
    @Test
    void readsABombNoFurtherThanItsPictures() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        GZIPOutputStream bomb = new GZIPOutputStream(packed, 1 << 16, true);
        byte[] zeros = new byte[1 << 20];
        for (int i = 0; i < 33; i++) {
            bomb.write(zeros);
        }
        bomb.flush();
        write("test_batch.bin", packed.toByteArray());
        write("test.bin", packed.toByteArray());
        assertRefused("holds more than the 10000 pictures");
        assertRefused100("holds more than the 10000 pictures of this file of CIFAR-100");
    }

    @Test
    void readsEitherLabelOfCifar100() throws IOException {
        write("test.bin", CifarFiles.records100(new int[] {3, 42}, new int[] {19, 99}));
        Dataset fine = KnownDataset.CIFAR100.load(folder, KnownDataset.Part.TEST);
        assertThat(fine.labels()).containsExactly(42, 99);
        assertThat(fine.classes().get(42)).isEqualTo("leopard");
        int pixel = (5 * 32 + 11) * 3;
        assertThat(Arrays.copyOfRange(Pictures.of(fine), pixel, pixel + 3)).containsExactly(11, 5, (byte) (200 + 42));
        Dataset coarse = KnownDataset.CIFAR100_COARSE.load(folder, KnownDataset.Part.TEST);
        assertThat(coarse.labels()).containsExactly(3, 19);
        assertThat(coarse.classes().get(3)).isEqualTo("food_containers");
        assertThat(Pictures.of(coarse)).isEqualTo(Pictures.of(fine));
    }

    @Test
    void refusesWrongFilesOfCifar100() throws IOException {
        Path cifar100 = Files.createDirectory(folder.resolve("cifar-100-binary"));
        Path file = cifar100.resolve("test.bin");
        Files.createDirectory(cifar100.resolve("cifar-100-python"));
        assertRefused100("test.bin: no such file, but cifar-100-python is there: that is the Python version of CIFAR-100; get");
        Files.write(file, CifarFiles.records100(new int[] {20, 0}));
        assertThat(KnownDataset.CIFAR100.load(folder, KnownDataset.Part.TEST).count()).isEqualTo(1);
        assertThatThrownBy(() -> KnownDataset.CIFAR100_COARSE.load(folder, KnownDataset.Part.TEST))
                .hasMessageContaining("label 20 of picture 0 is out of range: cifar100-coarse test has classes 0 to 19");
        Files.write(file, CifarFiles.records100(new int[] {0, 100}));
        assertRefused100("label 100 of picture 0 is out of range");
        Files.write(file, records(1, 2));
        assertRefused100("expected a multiple of 3074 bytes, found 6146 (1 records and 3072 bytes)");
    }

    private void assertRefused100(String part) {
        assertThatThrownBy(() -> KnownDataset.CIFAR100.load(folder, KnownDataset.Part.TEST)).isInstanceOf(DataException.class)
                .hasMessageContaining(part);
    }

    @Test
    void cifar100HasItsClasses() {
        assertThat(KnownDataset.CIFAR100.classes()).hasSize(100).doesNotHaveDuplicates().isSorted();
        assertThat(KnownDataset.CIFAR100_COARSE.classes()).hasSize(20).doesNotHaveDuplicates();
    }
}
