package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.Poisoned;

@ExtendWith(DeviceExtension.class)
class InitialiserTest {

    private static final long SEED = -77;
    private static final int SALT = 12;

    private enum Kind { NORMAL, UNIFORM, CONSTANT }

    @Test
    void drawsTheTwinsNumbersAndPadsWithZeros(Device device, Stream stream) {
        int[][] extents = {{1, 1, 1, 1}, {9, 3, 9, 8}, {10, 17, 16, 24}, {1, 1000, 1, 1000}};
        for (Kind kind : Kind.values()) {
            for (int[] e : extents) {
                double[] stored = fill(device, stream, kind, e[0], e[1], e[2], e[3]);
                double[] expected = new double[e[2] * e[3]];
                for (int row = 0; row < e[0]; row++) {
                    for (int col = 0; col < e[1]; col++) {
                        expected[row * e[3] + col] = twin(kind, row * e[1] + col);
                    }
                }
                Expect.close(stored, expected, 1e-5, 1e-5, kind + " " + e[0] + "x" + e[1] + " in " + e[2] + "x" + e[3]);
            }
        }
    }

    @Test
    void bitsDoNotDependOnThePadding(Device device, Stream stream) {
        double[] tight = fill(device, stream, Kind.NORMAL, 5, 7, 5, 7);
        double[] padded = fill(device, stream, Kind.NORMAL, 5, 7, 8, 16);
        for (int i = 0; i < 35; i++) {
            assertThat(padded[i / 7 * 16 + i % 7]).isEqualTo(tight[i]);
        }
    }

    @Test
    void normalHasItsMeanAndDeviation(Device device, Stream stream) {
        double[] w = fill(device, stream, Kind.NORMAL, 256, 256, 256, 256);
        double mean = 0;
        double square = 0;
        for (double v : w) {
            mean += v / w.length;
            square += (v - 0.5) * (v - 0.5) / w.length;
        }
        // Five standard errors of 65536 draws with deviation 2.
        assertThat(mean).isBetween(0.5 - 0.04, 0.5 + 0.04);
        assertThat(Math.sqrt(square)).isBetween(2 - 0.03, 2 + 0.03);
    }

    @Test
    void refusesAPaddedMatrixThatIsSmaller(Device device, Stream stream) {
        assertThatThrownBy(() -> fill(device, stream, Kind.CONSTANT, 4, 9, 4, 8)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4x9 in 4x8");
    }

    private static double[] fill(Device device, Stream stream, Kind kind, int rows, int cols, int paddedRows, int paddedCols) {
        Initialiser initialiser = new Initialiser(device);
        DeviceBuffer w = Poisoned.floats(device, paddedRows * paddedCols);
        switch (kind) {
            case NORMAL -> initialiser.normal(w.pointer(), rows, cols, paddedRows, paddedCols, 0.5f, 2, SEED, SALT, stream.handle());
            case UNIFORM -> initialiser.uniform(w.pointer(), rows, cols, paddedRows, paddedCols, -3, 5, SEED, SALT, stream.handle());
            case CONSTANT -> initialiser.constant(w.pointer(), rows, cols, paddedRows, paddedCols, 1.25f, stream.handle());
        }
        float[] values = w.readFloats(0, paddedRows * paddedCols);
        double[] widened = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            widened[i] = values[i];
        }
        return widened;
    }

    private static double twin(Kind kind, int index) {
        int[] words = Philox.draw(Philox.INITIALISER, index, SALT, 0, SEED);
        double u = Philox.unitInterval(words[0]);
        return switch (kind) {
            case NORMAL -> 0.5 + 2 * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * Philox.unitInterval(words[1]));
            case UNIFORM -> -3 + 8 * u;
            case CONSTANT -> 1.25;
        };
    }
}
