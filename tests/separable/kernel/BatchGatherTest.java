package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.DType;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

@ExtendWith(DeviceExtension.class)
class BatchGatherTest {

    private static final int SAMPLES = 23;
    private static final long SEED = 99;
    private static final long STEP = 7;

    /** source height and width, output, crop padding, flip, precision */
    static Stream<Arguments> problems() {
        return Stream.of(DType.values()).flatMap(type -> Stream.of(
                Arguments.of(5, 7, new Shape(4, 5, 7, 1), 0, false, type),
                Arguments.of(28, 28, new Shape(9, 28, 28, 1), 2, true, type),
                Arguments.of(8, 6, new Shape(7, 8, 6, 3), 3, true, type),
                Arguments.of(8, 6, new Shape(5, 11, 9, 3), 0, false, type),
                Arguments.of(9, 12, new Shape(5, 4, 5, 2), 1, true, type),
                Arguments.of(1, 1, new Shape(3, 3, 2, 4), 0, true, type),
                Arguments.of(40, 40, new Shape(3, 40, 40, 3), 4, false, type)));
    }

    @ParameterizedTest
    @MethodSource("problems")
    void agreesWithTheTwin(int height, int width, Shape output, int crop, boolean flip, DType type, Device device,
                           separable.device.Stream stream) {
        float[] mean = Arrays.copyOf(new float[] {0.5f, 0.4f, 0.3f, 0.2f}, output.c());
        float[] deviation = Arrays.copyOf(new float[] {0.5f, 0.25f, 0.2f, 1}, output.c());
        Data data = Data.random(height, width, output.c());
        int position = 3;
        int count = output.n() - 1;
        Batch batch = gather(device, stream, data, new BatchGather(device, height, width, output, type, mean, deviation, crop, flip, 0),
                output, type, position, count);

        HostTensor expected = HostTensor.zeros(output);
        for (int row = 0; row < count; row++) {
            int sample = data.order[position + row];
            assertThat(batch.labels[row]).isEqualTo(data.labels[sample]);
            writePicture(expected, row, data, sample, mean, deviation, crop, flip);
        }
        assertThat(batch.labels[count]).isZero();
        Expect.close(batch.x, expected.roundTo(type), type, "x");
    }

    @Test
    void samePixelsAreCopiedExactly(Device device, separable.device.Stream stream) {
        Data data = Data.random(3, 3, 1);
        Shape output = new Shape(1, 3, 3, 1);
        BatchGather op = new BatchGather(device, 3, 3, output, DType.F32, new float[] {0.5f}, new float[] {0.5f}, 0, false, 0);
        HostTensor x = gather(device, stream, data, op, output, DType.F32, 0, 1).x;
        for (int i = 0; i < 9; i++) {
            double value = data.images[data.order[0] * 9 + i] & 0xff;
            assertThat(Math.abs(x.values()[i] - (value / 127.5 - 1))).isLessThan(2e-7);
        }
    }

    /** Rows wrap around within a batch, and what is drawn follows the sample, not its place. */
    @ParameterizedTest
    @EnumSource(DType.class)
    void aRingGivesTheSameBits(DType type, Device device, separable.device.Stream stream) {
        Shape output = new Shape(6, 8, 6, 3);
        float[] mean = {0.5f, 0.4f, 0.3f};
        float[] deviation = {0.5f, 0.25f, 0.2f};
        Data data = Data.random(9, 7, 3);
        int position = 5;
        int ringRows = 8;
        byte[] ring = new byte[ringRows * 9 * 7 * 3];
        for (int place = position; place < position + 5; place++) {
            System.arraycopy(data.images, data.order[place] * 9 * 7 * 3, ring, place % ringRows * 9 * 7 * 3, 9 * 7 * 3);
        }
        BatchGather whole = new BatchGather(device, 9, 7, output, type, mean, deviation, 2, true, 0);
        BatchGather ringed = new BatchGather(device, 9, 7, output, type, mean, deviation, 2, true, ringRows);
        Batch expected = gather(device, stream, data, whole, output, type, position, 5);
        Batch batch = gather(device, stream, new Data(9, 7, 3, ring, data.labels, data.order), ringed, output, type, position, 5);
        assertThat(batch.x.values()).isEqualTo(expected.x.values());
        assertThat(batch.labels).isEqualTo(expected.labels);
    }

    @Test
    void cropsAndFlipsReachAllOffsets(Device device, separable.device.Stream stream) {
        Shape output = new Shape(1, 5, 5, 1);
        boolean[] seen = new boolean[18];
        for (int step = 0; step < 200; step++) {
            int[] words = Philox.draw(Philox.AUGMENTATION, 0, 0, step, SEED);
            seen[Philox.below(words[0], 3) * 6 + Philox.below(words[1], 3) * 2 + (words[2] & 1)] = true;
        }
        assertThat(seen).containsOnly(true);
        Data data = Data.random(5, 5, 1);
        BatchGather op = new BatchGather(device, 5, 5, output, DType.F32, new float[] {0}, new float[] {1}, 1, true, 0);
        assertThat(gather(device, stream, data, op, output, DType.F32, 2, 1).x.values())
                .containsExactly(gather(device, stream, data, op, output, DType.F32, 2, 1).x.values());
    }

    @Test
    void refusesWhatItCannotDo(Device device) {
        assertThatThrownBy(() -> new BatchGather(device, 4, 4, new Shape(1, 4, 4, 5), DType.F32, new float[5], new float[5], 0, false, 0))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("1 to 4 channels");
        assertThatThrownBy(() -> new BatchGather(device, 4, 4, new Shape(1, 4, 4, 3), DType.F32, new float[1], new float[3], 0, false, 0))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("1 means and 3 deviations for 3 channels");
        assertThatThrownBy(() -> new BatchGather(device, 4, 4, new Shape(1, 4, 4, 1), DType.F32, new float[1], new float[1], 0, false, 0))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("deviation 0.0");
        assertThatThrownBy(() -> new BatchGather(device, 4, 4, new Shape(1, 4, 4, 1), DType.F32, new float[1], new float[] {1}, 4, false, 0))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("crop padding 4");
        assertThatThrownBy(() -> new BatchGather(device, 4, 4, new Shape(3, 4, 4, 1), DType.F32, new float[1], new float[] {1}, 0, false, 2))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("a ring of 2 rows must hold at least one batch");
    }

    private record Data(int height, int width, int channels, byte[] images, int[] labels, int[] order) {
        static Data random(int height, int width, int channels) {
            Random random = new Random(4);
            byte[] images = new byte[SAMPLES * height * width * channels];
            int[] labels = random.ints(SAMPLES).toArray();
            random.nextBytes(images);
            return new Data(height, width, channels, images, labels, random.ints(SAMPLES, 0, SAMPLES).toArray());
        }

        double pixel(int sample, int y, int x, int k) {
            return images[((sample * height + y) * width + x) * channels + k] & 0xff;
        }
    }

    private record Batch(HostTensor x, int[] labels) {
    }

    private static Batch gather(Device device, separable.device.Stream stream, Data data, BatchGather op, Shape output, DType type,
                                int position, int count) {
        DeviceBuffer images = device.allocate(data.images.length, "images");
        images.write(data.images);
        DeviceBuffer labels = device.allocate(SAMPLES * 4L, "labels");
        labels.write(data.labels);
        DeviceBuffer order = device.allocate(SAMPLES * 4L, "order");
        order.write(data.order);
        StepState state = new StepState(device);
        state.write(new StepState.Values(SEED, STEP, position, count, 0, position + count, 0.1f, output.n()));
        DeviceBuffer x = Poisoned.buffer(device, output, type);
        DeviceBuffer labelsOut = Poisoned.buffer(device, output.n() * 4L);
        op.run(images.pointer(), labels.pointer(), order.pointer(), state.pointer(), x.pointer(), labelsOut.pointer(), stream.handle());
        return new Batch(HostTensor.download(x, output, type), labelsOut.readInts(0, output.n()));
    }

    /** Resamples the whole picture first, then moves it: the order the class documents, done literally. */
    private static void writePicture(HostTensor x, int row, Data data, int sample, float[] mean, float[] deviation, int crop,
                                     boolean flip) {
        Shape out = x.shape();
        int[] words = Philox.draw(Philox.AUGMENTATION, sample, 0, STEP, SEED);
        int dy = Philox.below(words[0], 2 * crop + 1) - crop;
        int dx = Philox.below(words[1], 2 * crop + 1) - crop;
        boolean mirrored = flip && (words[2] & 1) != 0;
        for (int k = 0; k < out.c(); k++) {
            double[][] picture = resample(data, sample, k, out.h(), out.w());
            for (int y = 0; y < out.h(); y++) {
                for (int column = 0; column < out.w(); column++) {
                    int sy = y + dy;
                    int sx = (mirrored ? out.w() - 1 - column : column) + dx;
                    double value = sy < 0 || sy >= out.h() || sx < 0 || sx >= out.w() ? 0 : picture[sy][sx];
                    x.set(row, y, column, k, (value / 255 - mean[k]) / deviation[k]);
                }
            }
        }
    }

    private static double[][] resample(Data data, int sample, int k, int height, int width) {
        double[][] picture = new double[height][width];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                double sy = Math.min(Math.max((y + 0.5) * data.height / height - 0.5, 0), data.height - 1);
                double sx = Math.min(Math.max((x + 0.5) * data.width / width - 0.5, 0), data.width - 1);
                double sum = 0;
                for (int iy = 0; iy < data.height; iy++) {
                    for (int ix = 0; ix < data.width; ix++) {
                        double weight = Math.max(0, 1 - Math.abs(sy - iy)) * Math.max(0, 1 - Math.abs(sx - ix));
                        sum += weight == 0 ? 0 : weight * data.pixel(sample, iy, ix, k);
                    }
                }
                picture[y][x] = sum;
            }
        }
        return picture;
    }
}
