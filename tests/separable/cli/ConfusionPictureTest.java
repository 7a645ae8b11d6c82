package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import separable.predict.Confusion;
import separable.predict.ModelReport;
import separable.predict.ModelReport.Answer;
import separable.train.Evaluation;

class ConfusionPictureTest {

    /** @param mistaken for the class after it: so many of each class's four pictures */
    private static ModelReport report(int classes, int mistaken) {
        List<Answer> answers = IntStream.range(0, 4 * classes).mapToObj(picture -> {
            int label = picture / 4;
            return new Answer(label, picture % 4 < mistaken ? (label + 1) % classes : label, 1);
        }).toList();
        List<String> names = IntStream.range(0, classes).mapToObj(index -> "class with quite a long name " + index).toList();
        int right = 4 * classes - mistaken * classes;
        return new ModelReport(Path.of("runs/x"), "x test", new Evaluation(0, right, answers.size(), answers.size()),
                Confusion.of(names, answers), answers);
    }

    private static BufferedImage drawn(ModelReport report) throws IOException {
        return ImageIO.read(new ByteArrayInputStream(ConfusionPicture.png(report)));
    }

    private static int pixels(BufferedImage picture, Color colour) {
        int count = 0;
        for (int y = 0; y < picture.getHeight(); y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                count += (picture.getRGB(x, y) & 0xffffff) == (colour.getRGB() & 0xffffff) ? 1 : 0;
            }
        }
        return count;
    }

    /** Numbers cover a part of their cells. */
    @Test
    void theDarkerACellTheMoreOfTheRow() throws IOException {
        int cell = 56 * 56;
        assertThat(pixels(drawn(report(6, 0)), ConfusionPicture.FULL)).isBetween(6 * cell * 8 / 10, 6 * cell);
        BufferedImage quarter = drawn(report(6, 1));
        assertThat(pixels(quarter, ConfusionPicture.FULL)).isZero();
        assertThat(pixels(quarter, ConfusionPicture.shade(0.25))).isBetween(6 * cell * 8 / 10, 6 * cell);
        assertThat(pixels(quarter, ConfusionPicture.shade(0.75))).isBetween(6 * cell * 8 / 10, 6 * cell);
    }

    @Test
    void manyClassesAreSmallCellsWithoutNames() throws IOException {
        BufferedImage picture = drawn(report(1000, 0));
        assertThat(picture.getWidth()).isLessThan(1300);
        assertThat(pixels(picture, ConfusionPicture.FULL)).isEqualTo(1000);
    }

    @Test
    void tooManyAreRefused() {
        Confusion confusion = Confusion.of(Collections.nCopies(ConfusionPicture.MOST_CLASSES + 1, "x"), List.of());
        ModelReport report = new ModelReport(Path.of("x"), "x", Evaluation.NOTHING, confusion, List.of());
        assertThatThrownBy(() -> ConfusionPicture.png(report)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("2001 classes");
    }
}
