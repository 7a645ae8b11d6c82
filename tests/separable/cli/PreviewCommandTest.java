package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
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
        String[] fixed = {"preview", "--dataset", "mnist", "--data", place.toString(), "--resolution", String.valueOf(SIDE), "--pictures", "3", "--draws", "2"};
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

    @Test
    void saysWhatIsNotPossible() throws IOException {
        IdxFiles.write(place, 10, 2, SIDE);
        for (List<String> each : List.of(List.of("--colour-jitter", "0,0,0,0.1", "saturation and hue 0.0 and 0.1: must be 0 for pictures of 1 channels"),
                List.of("--colour-jitter", "1,1,1,1,1", "--colour-jitter has 5 numbers"), List.of("--random-resized-crop", "0", "smallest area of a crop 0.0"),
                List.of("--mixup", "20", "mixup 20.0"), List.of("--rotation", "200", "rotation 200.0"), List.of("--centre", "0", "centre 0.0"),
                List.of("--batch", "0", "batch 0"))) {
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
