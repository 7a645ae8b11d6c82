package separable.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Mean and deviation against plain sums in two passes. */
class PictureStatisticsTest {

    @Test
    void areThoseOfAllPixelsByChannel() {
        int count = 700;     // more than two of the parts that cores take
        byte[] pixels = new byte[count * 4 * 5 * 3];
        new Random(3).nextBytes(pixels);
        for (int i = 1; i < pixels.length; i += 3) {
            pixels[i] = (byte) (200 + pixels[i] % 3);
        }
        PictureStatistics statistics = new MemoryDataset("some", "here", 4, 5, 3, pixels, new int[count], List.of("a")).statistics();
        for (int c = 0; c < 3; c++) {
            double mean = 0;
            for (int i = c; i < pixels.length; i += 3) {
                mean += (pixels[i] & 0xff) / 255.0 / (pixels.length / 3);
            }
            double variance = 0;
            for (int i = c; i < pixels.length; i += 3) {
                variance += Math.pow((pixels[i] & 0xff) / 255.0 - mean, 2) / (pixels.length / 3);
            }
            assertThat((double) statistics.mean().get(c)).isCloseTo(mean, within(1e-7));
            assertThat((double) statistics.deviation().get(c)).isCloseTo(Math.sqrt(variance), within(1e-7));
        }
    }

    /** Numbers that lose everything in a float's or double's {@code squares - n * mean * mean}. */
    @Test
    void doNotDrownInLargeSums() {
        PixelSums sums = new PixelSums(1);
        long pixels = 1L << 40;
        sums.add(pixels, new long[] {pixels * 200 + pixels / 2}, new long[] {pixels * 200 * 200 + pixels / 2 * 401});
        assertThat(sums.statistics().mean()).containsExactly((float) (200.5 / 255));
        assertThat(sums.statistics().deviation()).containsExactly(0.5f / 255);
    }

    @Test
    void aChannelThatNeverChangesCanBeDividedBy() {
        byte[] pixels = new byte[16];
        Arrays.fill(pixels, (byte) 7);
        assertThat(new MemoryDataset("flat", "here", 4, 4, 1, pixels, new int[1], List.of("a")).statistics())
                .isEqualTo(new PictureStatistics(List.of(7 / 255f), List.of(1 / 255f)));
        assertThatThrownBy(() -> new PictureStatistics(List.of(0f), List.of(0f))).hasMessageContaining("deviations above 0");
    }
}
