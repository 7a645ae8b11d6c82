package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.spec.DType;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostTensor;

/** Batches with everything drawn: what is drawn against its formulas, and the pixels against what was drawn. */
@ExtendWith(DeviceExtension.class)
class AugmentationTest {

    private static final Augmentation ALL = new Augmentation(0, 0.3f, true, true, 40, 0.4f, 0.5f, 0.6f, 0.2f, 0.7f, 0.4f, 1);
    private static final Augmentation GREY = new Augmentation(2, 1, true, false, 15, 0.4f, 0.5f, 0, 0, 0.5f, 0, 1);
    private static final Augmentation TURNED = new Augmentation(0, 1, false, true, 180, 0, 0, 0, 0, 0, 0, 0);
    private static final Augmentation MIXED = new Augmentation(1, 1, true, false, 0, 0, 0, 0, 0, 0, 0.3f, 0);
    private static final Augmentation COLOURED = new Augmentation(0, 1, false, false, 0, 1, 1, 1, 0.5f, 0, 0, 0);

    static Stream<Arguments> problems() {
        return Stream.of(DType.values()).flatMap(type -> Stream.of(
                Arguments.of(9, 12, new Shape(7, 8, 8, 3), 1f, ALL, type),
                Arguments.of(16, 16, new Shape(6, 14, 14, 1), 0.875f, GREY, type),
                Arguments.of(10, 7, new Shape(5, 10, 7, 4), 1f, TURNED, type),
                Arguments.of(8, 8, new Shape(5, 8, 8, 2), 1f, MIXED, type),
                Arguments.of(6, 6, new Shape(9, 6, 6, 3), 1f, COLOURED, type)));
    }

    /** The oracle starts from what the device drew, so that a rounding on the way to a pixel's edge cannot grow. */
    @ParameterizedTest
    @MethodSource("problems")
    void pixelsFollowFromWhatWasDrawn(int height, int width, Shape output, float centre, Augmentation drawn, DType type, Device device,
                                      separable.device.Stream stream) {
        StoredPictures data = StoredPictures.random(height, width, output.c());
        BatchSpec spec = data.spec(output, 0, centre);
        int count = output.n() - 1;
        for (long step : new long[] {7, 8}) {
            StoredPictures.Batch batch = data.gather(device, stream, spec, drawn, type, 3, count, step);
            HostTensor expected = HostTensor.zeros(output);
            for (int row = 0; row < count; row++) {
                SampleView view = batch.views().get(row);
                assertThat(view.sample()).isEqualTo(data.order()[3 + row]);
                assertThat(batch.targets()[row]).isEqualTo(data.labels()[view.sample()]);
                mix(expected, row, view, lone(data, view, spec), lone(data, batch.views().get(view.partner()), spec));
                if (drawn.mixes()) {
                    int partner = data.order()[3 + (row + 1) % count];
                    assertThat(batch.targets()[output.n() + row]).isEqualTo(data.labels()[partner]);
                    assertThat(Float.intBitsToFloat(batch.targets()[2 * output.n() + row])).isEqualTo(view.labelShare());
                }
            }
            assertThat(batch.targets()[count]).isZero();
            // Of 255 levels: positions of 1e-5 pixels on steps of up to 255, which contrast and saturation may double.
            double scale = 1 / (255 * 0.2);
            Expect.close(batch.x().values(), expected.values(), 0.02 * scale, Expect.rounding(type), "x of step " + step);
        }
    }

    /** Row, then channels of every pixel, normalised; erased pixels 0. */
    private static double[][] lone(StoredPictures data, SampleView view, BatchSpec spec) {
        Shape out = spec.output();
        double[][] pixels = new double[out.h() * out.w()][out.c()];
        for (int i = 0; i < pixels.length; i++) {
            double x = i % out.w() + 0.5;
            double y = i / out.w() + 0.5;
            double sx = view.fromX()[0] * x + view.fromX()[1] * y + view.fromX()[2];
            double sy = view.fromY()[0] * x + view.fromY()[1] * y + view.fromY()[2];
            boolean inside = sx >= 0 && sx <= data.width() && sy >= 0 && sy <= data.height();
            for (int k = 0; k < out.c(); k++) {
                pixels[i][k] = inside ? data.bilinear(view.sample(), sy - 0.5, sx - 0.5, k) : 0;
            }
        }
        ColourTwin.brighten(pixels, view.brightness());
        if (view.contrast() != 1) {
            assertThat((double) view.grey()).isEqualTo(ColourTwin.meanGrey(pixels), within(0.01));
        }
        ColourTwin.contrastSaturationHue(pixels, view.contrast(), view.saturation(), view.hue());
        for (int i = 0; i < pixels.length; i++) {
            for (int k = 0; k < out.c(); k++) {
                boolean erased = view.erased().holds(i / out.w(), i % out.w());
                pixels[i][k] = erased ? 0 : (pixels[i][k] / 255 - spec.mean().get(k)) / spec.deviation().get(k);
            }
        }
        return pixels;
    }

    private static void mix(HostTensor x, int row, SampleView view, double[][] own, double[][] other) {
        Shape out = x.shape();
        for (int i = 0; i < own.length; i++) {
            double share = view.patch().holds(i / out.w(), i % out.w()) ? 0 : view.ownShare();
            for (int k = 0; k < out.c(); k++) {
                x.set(row, i / out.w(), i % out.w(), k, share * own[i][k] + (1 - share) * other[i][k]);
            }
        }
    }

    /** The draws of many steps, each within its range and over all of it. */
    @Test
    void drawsFillTheirRanges(Device device, separable.device.Stream stream) {
        StoredPictures data = StoredPictures.random(10, 12, 3);
        Shape output = new Shape(16, 20, 20, 3);
        BatchSpec spec = data.spec(output, 0, 1);
        double[] area = spread();
        double[] aspect = spread();
        double[] angle = spread();
        double[] brightness = spread();
        double[] hue = spread();
        double[] erased = spread();
        double[] share = spread();
        int[] mirrored = new int[2];
        int mixups = 0;
        int erasures = 0;
        int rows = 0;
        for (long step = 0; step < 40; step++) {
            for (SampleView view : data.gather(device, stream, spec, ALL, DType.F32, 0, 16, step).views()) {
                double a = view.fromX()[0];
                double b = view.fromX()[1];
                double c = view.fromY()[0];
                double d = view.fromY()[1];
                double cropWidth = 20 * Math.hypot(a, b);
                double cropHeight = 20 * Math.hypot(c, d);
                widen(area, cropWidth * cropHeight / 120);
                widen(aspect, Math.log(cropWidth / cropHeight));
                widen(angle, Math.abs(Math.toDegrees(Math.atan2(Math.abs(b), Math.abs(a)))));
                mirrored[a < 0 ? 1 : 0]++;
                widen(brightness, view.brightness());
                widen(hue, view.hue());
                // The middle of the output lies in the middle of a crop that lies in the picture.
                double x = 10 * (a + b) + view.fromX()[2];
                double y = 10 * (c + d) + view.fromY()[2];
                assertThat(x).isBetween(cropWidth / 2 - 1e-4, 12 - cropWidth / 2 + 1e-4);
                assertThat(y).isBetween(cropHeight / 2 - 1e-4, 10 - cropHeight / 2 + 1e-4);
                if (view.erased().area() > 0) {
                    erasures++;
                    widen(erased, view.erased().area() / 400.0);
                    assertThat(view.erased().bottom()).isLessThanOrEqualTo(20);
                    assertThat(view.erased().right()).isLessThanOrEqualTo(20);
                }
                boolean mixup = view.patch().area() == 0;
                mixups += mixup && view.ownShare() < 1 ? 1 : 0;
                double patch = 1 - view.patch().area() / 400.0;
                assertThat((double) view.labelShare()).isEqualTo(mixup ? view.ownShare() : patch, within(1e-6));
                widen(share, view.labelShare());
                rows++;
            }
        }
        filled(area, 0.3, 1, 0.05);
        filled(aspect, -Math.log(4 / 3.0), Math.log(4 / 3.0), 0.05);
        filled(angle, 0, 40, 2);
        filled(brightness, 0.6, 1.4, 0.05);
        filled(hue, -0.2, 0.2, 0.02);
        filled(erased, 0.02, 0.35, 0.04);      // rounded to whole pixels
        filled(share, 0, 1, 0.05);
        assertThat((double) mirrored[0] / rows).isEqualTo(0.5, within(0.1));
        assertThat((double) erasures / rows).isEqualTo(0.7, within(0.1));
        assertThat((double) mixups / rows).isEqualTo(0.5, within(0.1));
    }

    private static double[] spread() {
        return new double[] {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
    }

    private static void widen(double[] spread, double value) {
        spread[0] = Math.min(spread[0], value);
        spread[1] = Math.max(spread[1], value);
    }

    private static void filled(double[] spread, double low, double high, double slack) {
        assertThat(spread[0]).isBetween(low - 1e-4, low + slack);
        assertThat(spread[1]).isBetween(high - slack, high + 1e-4);
    }

    /** Mean 1/2 and variance 1 / (4 (2 alpha + 1)) of Beta(alpha, alpha). */
    @Test
    void sharesFollowTheBetaDistribution(Device device, separable.device.Stream stream) {
        StoredPictures data = StoredPictures.random(2, 2, 1);
        BatchSpec spec = data.spec(new Shape(16, 2, 2, 1), 0, 1);
        for (float alpha : new float[] {0.2f, 1, 4}) {
            Augmentation mixup = new Augmentation(0, 1, false, false, 0, 0, 0, 0, 0, 0, alpha, 0);
            double[] shares = Stream.iterate(0L, step -> step + 1).limit(120)
                    .flatMap(step -> data.gather(device, stream, spec, mixup, DType.F32, 0, 16, step).views().stream())
                    .mapToDouble(SampleView::ownShare).distinct().toArray();
            double mean = Arrays.stream(shares).average().orElseThrow();
            double variance = Arrays.stream(shares).map(s -> (s - mean) * (s - mean)).average().orElseThrow();
            double expected = 1 / (4 * (2 * alpha + 1));
            assertThat(mean).as("mean of alpha %s", alpha).isEqualTo(0.5, within(4 * Math.sqrt(expected / shares.length)));
            assertThat(variance).as("variance of alpha %s", alpha).isEqualTo(expected, within(0.15 * expected));
        }
    }

    /** From a ring, with rows wrapping around, and in any row of a batch: what is drawn follows the sample. */
    @Test
    void aRingGivesTheSameBits(Device device, separable.device.Stream stream) {
        Shape output = new Shape(6, 8, 6, 3);
        StoredPictures data = StoredPictures.random(9, 7, 3);
        StoredPictures.Batch whole = data.gather(device, stream, data.spec(output, 0, 1), ALL, DType.BF16, 5, 6);
        StoredPictures.Batch ringed = data.inRing(8, 5, 6).gather(device, stream, data.spec(output, 8, 1), ALL, DType.BF16, 5, 6);
        assertThat(ringed.x().values()).isEqualTo(whole.x().values());
        assertThat(ringed.targets()).isEqualTo(whole.targets());
    }

    /** Crop and flips are the same draws whether or not anything else is asked for. */
    @Test
    void movesAreTheSameOnBothPaths(Device device, separable.device.Stream stream) {
        StoredPictures data = StoredPictures.random(7, 7, 3);
        BatchSpec spec = data.spec(new Shape(6, 7, 7, 3), 0, 1);
        Augmentation moves = Augmentation.moves(2, true, true);
        Augmentation erasing = new Augmentation(2, 1, true, true, 0, 0, 0, 0, 0, Float.MIN_VALUE, 0, 0);
        assertThat(data.gather(device, stream, spec, erasing, DType.F32, 2, 6).x().values())
                .isEqualTo(data.gather(device, stream, spec, moves, DType.F32, 2, 6).x().values());
        assertThat(List.of(moves.movesOnly(), erasing.movesOnly())).containsExactly(true, false);
    }
}
