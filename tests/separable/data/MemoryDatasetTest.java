package separable.data;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryDatasetTest {

    private static Dataset grey(int height, int width, int... pixels) {
        byte[] bytes = new byte[pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            bytes[i] = (byte) pixels[i];
        }
        return new MemoryDataset("toy", "memory", height, width, 1, bytes, new int[pixels.length / (height * width)], List.of("only"));
    }

    @Test
    void refusesWhatDoesNotFitTogether() {
        assertThatThrownBy(() -> grey(1, 1)).isInstanceOf(DataException.class).hasMessageContaining("holds no pictures");
        assertThatThrownBy(() -> new MemoryDataset("toy", "memory", 1, 2, 1, new byte[3], new int[2], List.of("only")))
                .isInstanceOf(DataException.class).hasMessageContaining("need 4 bytes of pictures, found 3");
        assertThatThrownBy(() -> new MemoryDataset("toy", "memory", 1, 1, 1, new byte[1], new int[] {1}, List.of("only")))
                .isInstanceOf(DataException.class).hasMessageContaining("label 1 of picture 0");
    }
}
