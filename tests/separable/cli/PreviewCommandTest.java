package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import separable.data.IdxFiles;
import separable.picture.Picture;
import separable.train.AugmentedBatch.Sample;

class PreviewCommandTest {

    private static final int SIDE = 12;
    private static final int CELL = 96;

    @TempDir
    Path place;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int preview(String... options) {
        return sheet(3, 2, SIDE, options);
    }

    private int sheet(int pictures, int draws, int side, String... options) {
        String[] fixed = {"preview", "--dataset", "mnist", "--data", place.toString(), "--resolution", String.valueOf(side),
                "--pictures", String.valueOf(pictures), "--draws", String.valueOf(draws)};
        return Main.run(Stream.concat(Stream.of(fixed), Stream.of(options)).toArray(String[]::new), new PrintWriter(out, true), new PrintWriter(err, true));
    }

    private static int[] cell(BufferedImage sheet, int column, int row) {
        return sheet.getRGB(8 + column * (CELL + 8), 24 + row * (CELL + 28 + 8), CELL, CELL, null, 0, CELL);
    }

    @Test
    void writesWhatEvaluationSeesAndEveryDraw() throws IOException {
        IdxFiles.write(place, 10, 2, SIDE);
        Path file = place.resolve("sheets/one.png");
        assertThat(preview("--erase", "1", "--cutmix", "1", "--out", file.toString())).as(err.toString()).isZero();
        assertThat(out.toString()).contains("3 pictures of mnist train").contains("steps 1 to 2");
        BufferedImage sheet = ImageIO.read(file.toFile());
        assertThat(sheet.getWidth()).isEqualTo(8 + 3 * (CELL + 8));
        assertThat(sheet.getHeight()).isEqualTo(24 + 3 * (CELL + 28 + 8));
        assertThat(cell(sheet, 0, 0)).isNotEqualTo(cell(sheet, 0, 1));
        assertThat(cell(sheet, 1, 0)).as("erased").isNotEqualTo(cell(sheet, 0, 0)).isNotEqualTo(cell(sheet, 2, 0));
        Path again = place.resolve("sheets/two.png");
        assertThat(preview("--no-flip", "--crop", "0", "--out", again.toString())).isZero();
        BufferedImage plain = ImageIO.read(again.toFile());
        for (int row = 0; row < 3; row++) {
            assertThat(cell(plain, 0, row)).as("evaluation").isEqualTo(cell(sheet, 0, row)).isEqualTo(cell(plain, 2, row));
        }
    }

    /** A folder's pictures come class by class. */
    @Test
    void picturesOfASortedSetAreOfManyClasses() throws IOException {
        byte[] pixels = new byte[20 * SIDE * SIDE];
        byte[] labels = new byte[20];
        for (int picture = 0; picture < 20; picture++) {
            Arrays.fill(pixels, picture * SIDE * SIDE, (picture + 1) * SIDE * SIDE, (byte) (10 * picture));
            labels[picture] = (byte) (picture / 2);
        }
        Files.write(place.resolve("train-images-idx3-ubyte"), IdxFiles.images(20, SIDE, SIDE, pixels));
        Files.write(place.resolve("train-labels-idx1-ubyte"), IdxFiles.labels(labels));
        Path file = place.resolve("sorted.png");
        assertThat(sheet(5, 1, SIDE, "--out", file.toString())).as(err.toString()).isZero();
        BufferedImage sheet = ImageIO.read(file.toFile());
        for (int row = 0; row < 5; row++) {
            assertThat(cell(sheet, 0, row)[0] & 0xff).isEqualTo(10 * 4 * row);
        }
    }

    @Test
    void aColumnIsAStepOfTheOptimizer() throws IOException {
        IdxFiles.write(place, 10, 2, SIDE);
        Path batches = place.resolve("batches.png");
        Path steps = place.resolve("steps.png");
        assertThat(sheet(2, 4, SIDE, "--erase", "1", "--out", batches.toString())).as(err.toString()).isZero();
        assertThat(sheet(2, 2, SIDE, "--erase", "1", "--batch", "1", "--accumulate", "3", "--out", steps.toString())).as(err.toString()).isZero();
        BufferedImage batch = ImageIO.read(batches.toFile());
        BufferedImage step = ImageIO.read(steps.toFile());
        assertThat(cell(step, 1, 0)).isEqualTo(cell(batch, 1, 0));
        assertThat(cell(step, 2, 0)).isEqualTo(cell(batch, 4, 0)).isNotEqualTo(cell(batch, 2, 0));
    }

    @Test
    void aSheetThatWouldFillTheHeapIsRefused() throws IOException {
        IdxFiles.write(place, 64, 2, SIDE);
        assertThat(sheet(64, 64, 224)).isNotZero();
        assertThat(err.toString().lines()).last().asString().contains("64 pictures and 65 columns at 224x224: a sheet of 15088x16664 pixels, "
                + "67108864 is the most: lower --pictures or --draws");
        assertThat(place.resolve("preview.png")).doesNotExist();
    }

    @Test
    void saysWhatIsNotPossible() throws IOException {
        IdxFiles.write(place, 10, 2, SIDE);
        for (List<String> each : List.of(List.of("--colour-jitter", "0,0,0,0.1", "saturation and hue 0.0 and 0.1: must be 0 for pictures of 1 channels"),
                List.of("--colour-jitter", "1,1,1,1,1", "--colour-jitter has 5 numbers"), List.of("--random-resized-crop", "0", "smallest area of a crop 0.0"),
                List.of("--mixup", "20", "mixup 20.0"), List.of("--rotation", "200", "rotation 200.0"), List.of("--centre", "0", "centre 0.0"),
                List.of("--batch", "0", "batch 0"), List.of("--batch=4", "--profile", "--profile is for train"),
                List.of("--batch=4", "--print-config", "--print-config is for train"))) {
            assertThat(preview(each.get(0), each.get(1))).isNotZero();
            assertThat(err.toString().lines().reduce((first, last) -> last).orElseThrow()).contains(each.get(2));
        }
    }

    @Test
    void namesBothLabelsTheHeavierFirst() {
        Picture picture = new Picture(1, 1, 1, new byte[1]);
        List<String> classes = List.of("cat", "dog");
        assertThat(PreviewSheet.labels(new Sample(picture, 0, 1, 0.7f), classes)).containsExactly("70% cat", "30% dog");
        assertThat(PreviewSheet.labels(new Sample(picture, 0, 1, 0.2f), classes)).containsExactly("80% dog", "20% cat");
        assertThat(PreviewSheet.labels(new Sample(picture, 1, 1, 0.6f), classes)).containsExactly("dog");
    }
}
