package separable.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Resampling against PIL's, bit for bit. */
class ResamplerTest {

    private static final Picture COLOURS = PictureFixtures.expected("colours.png");

    @ParameterizedTest
    @CsvSource({"23, 37", "12, 37", "23, 16", "8, 8", "46, 80", "1, 1"})
    void isPilsBilinear(int height, int width) {
        assertThat(COLOURS.resized(height, width)).usingRecursiveComparison()
                .isEqualTo(PictureFixtures.expected("resized-" + height + "x" + width));
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 23, 40})
    void squaresAreTorchvisionsResizeAndCentreCrop(int size) {
        assertThat(COLOURS.square(size)).usingRecursiveComparison().isEqualTo(PictureFixtures.expected("square-" + size));
    }

    @Test
    void tallPicturesAreCutAsWideOnes() {
        Picture tall = COLOURS.turned(5);
        assertThat(tall.square(8).turned(5)).usingRecursiveComparison().isEqualTo(wholeThenCut(COLOURS.turned(5)).turned(5));
    }

    /** The whole picture first, then cut. */
    private static Picture wholeThenCut(Picture tall) {
        Picture whole = tall.resized(8 * tall.height() / tall.width(), 8);
        int top = (int) Math.rint((whole.height() - 8) / 2.0);
        byte[] middle = new byte[8 * 8 * 3];
        System.arraycopy(whole.pixels(), top * 8 * 3, middle, 0, middle.length);
        return new Picture(8, 8, 3, middle);
    }

    /** Whole, the first would be 896,000 pixels wide. */
    @Test
    void oddShapesCostNoMoreThanTheirMiddle() {
        byte[] stripe = new byte[3 * 12_000 * 3];
        new Random(1).nextBytes(stripe);
        assertThat(new Picture(3, 12_000, 3, stripe).square(224).height()).isEqualTo(224);
        assertThat(new Picture(12_000, 3, 3, stripe).square(224).width()).isEqualTo(224);
        Picture dot = new Picture(1, 1, 3, new byte[] {7, 8, 9}).square(5);
        assertThat(dot.pixels()).hasSize(75).startsWith(7, 8, 9).endsWith(7, 8, 9);
    }

    @Test
    void greyIsLumaAndBack() {
        Picture grey = COLOURS.withChannels(1);
        assertThat(grey).usingRecursiveComparison().isEqualTo(PictureFixtures.expected("grey8.png"));
        assertThat(grey.withChannels(3).withChannels(1)).usingRecursiveComparison().isEqualTo(grey);
        assertThat(COLOURS.withChannels(3)).isSameAs(COLOURS);
    }

    @Test
    void impossiblePicturesAreRefused() {
        assertThatThrownBy(() -> new Picture(0, 1, 3, new byte[0])).hasMessageContaining("sides must be at least 1");
        assertThatThrownBy(() -> new Picture(1, 1, 2, new byte[2])).hasMessageContaining("channels 1 or 3");
        assertThatThrownBy(() -> new Picture(2, 2, 1, new byte[3])).hasMessageContaining("has 4 bytes, not 3");
        assertThatThrownBy(() -> COLOURS.resized(0, 5)).isInstanceOf(IllegalArgumentException.class);
    }
}
