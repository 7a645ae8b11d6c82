package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.spec.DType;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostTensor;

/** Batches of pictures that are moved and mirrored at most; what more is drawn: {@link AugmentationTest}. */
@ExtendWith(DeviceExtension.class)
class BatchGatherTest {

    /** source height and width, output, centre, crop padding, flips, precision */
    static Stream<Arguments> problems() {
        return Stream.of(DType.values()).flatMap(type -> Stream.of(
                Arguments.of(5, 7, new Shape(4, 5, 7, 1), 1f, 0, false, false, type),
                Arguments.of(28, 28, new Shape(9, 28, 28, 1), 1f, 2, true, false, type),
                Arguments.of(8, 6, new Shape(7, 8, 6, 3), 1f, 3, true, true, type),
                Arguments.of(8, 6, new Shape(5, 11, 9, 3), 1f, 0, false, true, type),
                Arguments.of(9, 12, new Shape(5, 4, 5, 2), 1f, 1, true, false, type),
                Arguments.of(1, 1, new Shape(3, 3, 2, 4), 1f, 0, true, true, type),
                Arguments.of(40, 40, new Shape(3, 40, 40, 3), 1f, 4, false, false, type),
                Arguments.of(16, 16, new Shape(5, 14, 14, 3), 0.875f, 3, true, false, type),
                Arguments.of(17, 12, new Shape(5, 9, 7, 1), 0.8f, 3, true, true, type)));
    }

    @ParameterizedTest
    @MethodSource("problems")
    void agreesWithTheTwin(int height, int width, Shape output, float centre, int crop, boolean flip, boolean verticalFlip, DType type,
                           Device device, separable.device.Stream stream) {
        StoredPictures data = StoredPictures.random(height, width, output.c());
        BatchSpec spec = data.spec(output, 0, centre);
        Augmentation moves = Augmentation.moves(crop, flip, verticalFlip);
        int position = 3;
        int count = output.n() - 1;
        StoredPictures.Batch batch = data.gather(device, stream, spec, moves, type, position, count);

        HostTensor expected = HostTensor.zeros(output);
        for (int row = 0; row < count; row++) {
            int sample = data.order()[position + row];
            assertThat(batch.targets()[row]).isEqualTo(data.labels()[sample]);
            writePicture(expected, row, data, sample, spec, moves);
        }
        assertThat(batch.targets()[count]).isZero();
        Expect.close(batch.x(), expected.roundTo(type), type, "x");
    }

    @Test
    void samePixelsAreCopiedExactly(Device device, separable.device.Stream stream) {
        StoredPictures data = StoredPictures.random(5, 5, 1);
        BatchSpec spec = new BatchSpec(5, 5, 0, new Shape(1, 3, 3, 1), List.of(0.5f), List.of(0.5f), 0.6f);
        HostTensor x = data.gather(device, stream, spec, Augmentation.NONE, DType.F32, 0, 1).x();
        for (int i = 0; i < 9; i++) {
            double value = data.pixel(data.order()[0], 1 + i / 3, 1 + i % 3, 0);
            assertThat(Math.abs(x.values()[i] - (value / 127.5 - 1))).isLessThan(2e-7);
        }
    }

    /** Rows wrap around within a batch, and what is drawn follows the sample, not its place. */
    @ParameterizedTest
    @EnumSource(DType.class)
    void aRingGivesTheSameBits(DType type, Device device, separable.device.Stream stream) {
        Shape output = new Shape(6, 8, 6, 3);
        StoredPictures data = StoredPictures.random(9, 7, 3);
        Augmentation moves = Augmentation.moves(2, true, false);
        StoredPictures.Batch expected = data.gather(device, stream, data.spec(output, 0, 1), moves, type, 5, 5);
        StoredPictures.Batch batch = data.inRing(8, 5, 5).gather(device, stream, data.spec(output, 8, 1), moves, type, 5, 5);
        assertThat(batch.x().values()).isEqualTo(expected.x().values());
        assertThat(batch.targets()).isEqualTo(expected.targets());
    }

    @Test
    void cropsAndFlipsReachAllOffsets(Device device, separable.device.Stream stream) {
        boolean[] seen = new boolean[36];
        for (int step = 0; step < 400; step++) {
            int[] words = Philox.draw(Philox.AUGMENTATION, 0, 0, step, StoredPictures.SEED);
            seen[Philox.below(words[0], 3) * 12 + Philox.below(words[1], 3) * 4 + (words[2] & 1) * 2 + (words[3] & 1)] = true;
        }
        assertThat(seen).containsOnly(true);
        StoredPictures data = StoredPictures.random(5, 5, 1);
        BatchSpec spec = data.spec(new Shape(1, 5, 5, 1), 0, 1);
        Augmentation moves = Augmentation.moves(1, true, true);
        assertThat(data.gather(device, stream, spec, moves, DType.F32, 2, 1).x().values())
                .containsExactly(data.gather(device, stream, spec, moves, DType.F32, 2, 1).x().values());
    }

    @Test
    void refusesWhatItCannotDo(Device device) {
        refused(() -> spec(new Shape(1, 4, 4, 5), 0, 5, 5, 1, 1), "1 to 4 channels");
        refused(() -> spec(new Shape(1, 4, 4, 3), 0, 1, 3, 1, 1), "1 means and 3 deviations for 3 channels");
        refused(() -> spec(new Shape(1, 4, 4, 1), 0, 1, 1, 0, 1), "deviation 0.0");
        refused(() -> spec(new Shape(1, 4, 4, 1), 0, 1, 1, 1, 1.5f), "centre 1.5");
        refused(() -> spec(new Shape(3, 4, 4, 1), 2, 1, 1, 1, 1), "a ring of 2 rows must hold at least one batch");
        BatchSpec grey = spec(new Shape(1, 4, 4, 1), 0, 1, 1, 1, 1);
        refused(() -> new BatchGather(device, grey, Augmentation.moves(4, false, false), DType.F32), "crop padding 4");
        Augmentation hue = new Augmentation(0, 1, false, false, 0, 0, 0, 0, 0.1f, 0, 0, 0);
        refused(() -> new BatchGather(device, grey, hue, DType.F32), "saturation and hue need 3 channels");
        refused(() -> new Augmentation(2, 0.5f, false, false, 0, 0, 0, 0, 0, 0, 0, 0), "crop 2: must be 0 beside a random resized crop");
        refused(() -> new Augmentation(0, 1, false, false, 0, 0, 0, 0, 0.6f, 0, 0, 0), "hue 0.6: must be 0 to 0.5");
        refused(() -> new Augmentation(0, 1, false, false, 0, 0, 0, 0, 0, 0, 0.01f, 0), "mixup 0.01: must be 0 or from 0.05 to 10");
    }

    private static BatchSpec spec(Shape output, int ringRows, int means, int deviations, float deviation, float centre) {
        return new BatchSpec(4, 4, ringRows, output, java.util.Collections.nCopies(means, 0f), java.util.Collections.nCopies(deviations, deviation),
                centre);
    }

    private static void refused(org.assertj.core.api.ThrowableAssert.ThrowingCallable made, String why) {
        assertThatThrownBy(made).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(why);
    }

    /** Where a pixel comes from by the class's words: mirrored, moved, then looked up in the window and in the picture. */
    private static void writePicture(HostTensor x, int row, StoredPictures data, int sample, BatchSpec spec, Augmentation moves) {
        Shape out = x.shape();
        int crop = moves.crop();
        int[] words = Philox.draw(Philox.AUGMENTATION, sample, 0, StoredPictures.STEP, StoredPictures.SEED);
        int dy = Philox.below(words[0], 2 * crop + 1) - crop;
        int dx = Philox.below(words[1], 2 * crop + 1) - crop;
        boolean mirrored = moves.flip() && (words[2] & 1) != 0;
        boolean upsideDown = moves.verticalFlip() && (words[3] & 1) != 0;
        int windowHeight = Math.round(spec.centre() * data.height());
        int windowWidth = Math.round(spec.centre() * data.width());
        for (int y = 0; y < out.h(); y++) {
            for (int column = 0; column < out.w(); column++) {
                int oy = (upsideDown ? out.h() - 1 - y : y) + dy;
                int ox = (mirrored ? out.w() - 1 - column : column) + dx;
                double sy = (oy + 0.5) * windowHeight / out.h() + (data.height() - windowHeight) / 2;
                double sx = (ox + 0.5) * windowWidth / out.w() + (data.width() - windowWidth) / 2;
                boolean inside = sy >= 0 && sy <= data.height() && sx >= 0 && sx <= data.width();
                for (int k = 0; k < out.c(); k++) {
                    double value = inside ? data.bilinear(sample, sy - 0.5, sx - 0.5, k) : 0;
                    x.set(row, y, column, k, (value / 255 - spec.mean().get(k)) / spec.deviation().get(k));
                }
            }
        }
    }
}
