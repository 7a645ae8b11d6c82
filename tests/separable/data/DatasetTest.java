package separable.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class DatasetTest {

    private static Dataset grey(int height, int width, int... pixels) {
        byte[] bytes = new byte[pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            bytes[i] = (byte) pixels[i];
        }
        return new Dataset("toy", "memory", height, width, 1, bytes, new byte[pixels.length / (height * width)], List.of("only"));
    }

    @Test
    void resizesBetweenPixelCentres() {
        // At twice the size, new centres lie a quarter pixel beside the old ones: weights 3/4 and 1/4.
        assertThat(grey(1, 2, 0, 200).resized(1, 4).images()).containsExactly(0, 50, (byte) 150, (byte) 200);
        // At half the size they lie in the middle of two.
        assertThat(grey(2, 2, 0, 100, 200, 100, 4, 4, 4, 4).resized(1, 1).images()).containsExactly(100, 4);
        Dataset same = grey(1, 1, 9);
        assertThat(same.resized(1, 1)).isSameAs(same);
    }

    @Test
    void keepsConstantPicturesConstant() {
        assertThat(grey(2, 3, 255, 255, 255, 255, 255, 255).resized(7, 5).images()).containsOnly((byte) 255);
    }

    @Test
    void resizesChannelsApart() {
        Dataset two = new Dataset("toy", "memory", 1, 2, 2, new byte[] {0, 10, 100, 50}, new byte[1], List.of("only"));
        assertThat(two.resized(1, 1).images()).containsExactly(50, 30);
    }

    @Test
    void refusesWhatDoesNotFitTogether() {
        assertThatThrownBy(() -> grey(1, 1)).isInstanceOf(DataException.class).hasMessageContaining("holds no pictures");
        assertThatThrownBy(() -> new Dataset("toy", "memory", 1, 2, 1, new byte[3], new byte[2], List.of("only")))
                .isInstanceOf(DataException.class).hasMessageContaining("need 4 bytes of pictures, found 3");
        assertThatThrownBy(() -> new Dataset("toy", "memory", 1, 1, 1, new byte[1], new byte[] {1}, List.of("only")))
                .isInstanceOf(DataException.class).hasMessageContaining("label 1 of picture 0");
        assertThatThrownBy(() -> grey(1, 1, 1, 2, 3).resized(40000, 40000))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("--resolution");
    }
}
