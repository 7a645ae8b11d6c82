package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
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
import separable.testing.FiniteDifferences;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

@ExtendWith(DeviceExtension.class)
class SoftmaxCrossEntropyTest {

    private static final int SLOTS = 3;
    private static final int SLOT = 1;

    /** rows, classes, valid rows, smoothing */
    static Stream<Arguments> problems() {
        return Stream.of(DType.values()).flatMap(type -> Stream.of(
                Arguments.of(1, 1, 1, 0f, type), Arguments.of(5, 3, 5, 0.1f, type), Arguments.of(19, 10, 19, 0f, type),
                Arguments.of(64, 10, 41, 0.1f, type), Arguments.of(9, 17, 8, 0f, type), Arguments.of(3, 1000, 2, 0.1f, type),
                Arguments.of(8, 10, 0, 0f, type)));
    }

    @ParameterizedTest
    @MethodSource("problems")
    void agreesWithTheFormula(int rows, int classes, int count, float smoothing, DType type, Device device,
                              separable.device.Stream stream) {
        HostTensor logits = HostTensor.random(Shape.matrix(rows, classes), -6, 6, 1).roundTo(type);
        int[] labels = new Random(2).ints(rows, 0, classes).toArray();
        Result trained = run(device, stream, logits, labels, count, smoothing, type, true);
        Result evaluated = run(device, stream, logits, labels, count, smoothing, type, false);

        double loss = loss(logits, labels, count, smoothing);
        assertThat((double) trained.metrics.lossSum()).isEqualTo(loss, within(1e-5 * loss + 1e-6));
        assertThat(trained.metrics.count()).isEqualTo(count);
        assertThat(trained.metrics.top1()).isEqualTo(ranked(logits, labels, count, 1));
        assertThat(trained.metrics.top5()).isEqualTo(ranked(logits, labels, count, 5));
        assertThat(evaluated.metrics).isEqualTo(trained.metrics);
        double[] gradient = count == 0 ? new double[logits.values().length]
                : FiniteDifferences.gradient(logits, () -> loss(logits, labels, count, smoothing) / count);
        Expect.close(trained.dlogits.values(), gradient, 1e-6, Expect.rounding(type), "dlogits");
        assertThat(run(device, stream, logits, labels, count, smoothing, type, true)).isEqualTo(trained);
    }

    /** Rows with two labels: shares on either side of one half, all and nothing, and twice the same label. */
    @ParameterizedTest
    @EnumSource(DType.class)
    void twoLabelsCountByTheirShares(DType type, Device device, separable.device.Stream stream) {
        HostTensor logits = HostTensor.random(Shape.matrix(6, 11), -6, 6, 3).roundTo(type);
        int[] first = {0, 3, 10, 4, 7, 2};
        int[] second = {5, 9, 1, 8, 7, 6};
        float[] shares = {0.3f, 0.7f, 1, 0, 0.25f, 0.5f};
        int[] heavier = {5, 3, 10, 8, 7, 2};
        int[] labels = new int[3 * first.length];
        for (int row = 0; row < first.length; row++) {
            labels[row] = first[row];
            labels[first.length + row] = second[row];
            labels[2 * first.length + row] = Float.floatToRawIntBits(shares[row]);
        }
        for (int count : new int[] {6, 4}) {
            double expected = mixedLoss(logits, first, second, shares, count, 0.1f);
            Result trained = run(device, stream, logits, labels, count, 0.1f, type, true);
            assertThat((double) trained.metrics.lossSum()).isEqualTo(expected, within(1e-5 * expected));
            assertThat(trained.metrics.top1()).isEqualTo(ranked(logits, heavier, count, 1));
            assertThat(trained.metrics.top5()).isEqualTo(ranked(logits, heavier, count, 5));
            assertThat(run(device, stream, logits, labels, count, 0.1f, type, false).metrics).isEqualTo(trained.metrics);
            double[] gradient = FiniteDifferences.gradient(logits, () -> mixedLoss(logits, first, second, shares, count, 0.1f) / count);
            Expect.close(trained.dlogits.values(), gradient, 1e-6, Expect.rounding(type), "dlogits");
        }
        labels[first.length + 1] = 11;
        assertThat(run(device, stream, logits, labels, 6, 0, type, true).metrics.lossSum()).as("a second label out of range").isNaN();
    }

    private static double mixedLoss(HostTensor logits, int[] first, int[] second, float[] shares, int count, double smoothing) {
        double sum = 0;
        for (int row = 0; row < count; row++) {
            HostTensor own = HostTensor.of(Shape.matrix(1, logits.shape().c()),
                    Arrays.copyOfRange(logits.values(), row * logits.shape().c(), (row + 1) * logits.shape().c()));
            sum += shares[row] * loss(own, new int[] {first[row]}, 1, smoothing)
                    + (1 - shares[row]) * loss(own, new int[] {second[row]}, 1, smoothing);
        }
        return sum;
    }

    @Test
    void tiesRankTheLowerClassFirst(Device device, separable.device.Stream stream) {
        HostTensor equal = HostTensor.zeros(Shape.matrix(3, 10));
        StepMetrics metrics = run(device, stream, equal, new int[] {0, 4, 5}, 3, 0, DType.F32, true).metrics;
        assertThat(metrics.top1()).isEqualTo(1);
        assertThat(metrics.top5()).isEqualTo(2);
    }

    @Test
    void aLabelOutOfRangeMakesTheLossNaN(Device device, separable.device.Stream stream) {
        HostTensor logits = HostTensor.random(Shape.matrix(4, 10), 1);
        for (int bad : new int[] {-1, 10, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            Result result = run(device, stream, logits, new int[] {0, 1, bad, 2}, 4, 0.1f, DType.F32, true);
            assertThat(result.metrics.lossSum()).isNaN();
            assertThat(Arrays.copyOfRange(result.dlogits.values(), 20, 30)).containsOnly(Double.NaN);
            assertThat(Arrays.copyOfRange(result.dlogits.values(), 30, 40)).doesNotContain(Double.NaN);
        }
    }

    @Test
    void aNaNLogitMakesTheLossNaNAndCountsAsWrong(Device device, separable.device.Stream stream) {
        for (int place : new int[] {0, 3}) {
            HostTensor logits = HostTensor.of(Shape.matrix(1, 4), 9, 1, 2, 3);
            logits.values()[place] = Double.NaN;
            StepMetrics metrics = run(device, stream, logits, new int[] {0}, 1, 0, DType.F32, true).metrics;
            assertThat(metrics.lossSum()).isNaN();
            assertThat(metrics.top1() + metrics.top5()).isZero();
        }
    }

    @Test
    void hugeLogitsNeitherOverflowNorVanish(Device device, separable.device.Stream stream) {
        HostTensor logits = HostTensor.of(Shape.matrix(1, 3), 1e4, 1e4, -1e4);
        StepMetrics metrics = run(device, stream, logits, new int[] {1}, 1, 0, DType.F32, true).metrics;
        assertThat((double) metrics.lossSum()).isEqualTo(Math.log(2), within(1e-6));
    }

    @Test
    void refusesWhatIsNoMatrixAndBadSmoothing(Device device) {
        assertThatThrownBy(() -> new SoftmaxCrossEntropy(device, new Shape(2, 2, 1, 10), DType.F32, 0, false))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("2x2x1x10");
        assertThatThrownBy(() -> new SoftmaxCrossEntropy(device, Shape.matrix(2, 10), DType.F32, 1, false))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("smoothing 1.0");
    }

    /** By a power of two, which rounds nothing but what was too small for fp16 before. */
    @ParameterizedTest
    @EnumSource(DType.class)
    void onlyGradientsInFp16AreScaled(DType type, Device device, separable.device.Stream stream) {
        HostTensor logits = HostTensor.random(Shape.matrix(9, 11), -3, 3, 5).roundTo(type);
        int[] labels = {0, 1, 2, 3, 4, 5, 6, 7, 8};
        Result plain = run(device, stream, logits, labels, 8, 0.1f, type, true);
        Result scaled = run(device, stream, logits, labels, 8, 0.1f, type, true, new LossScale(64, 3, 2));
        assertThat(scaled.metrics()).as("the loss that people see").isEqualTo(plain.metrics());
        HostTensor expected = type == DType.F16 ? plain.dlogits().map(d -> 64 * d) : plain.dlogits();
        Expect.close(scaled.dlogits().values(), expected.values(), type == DType.F16 ? 64 * 0x1p-25 : 0, 0, "dlogits");
    }

    private record Result(StepMetrics metrics, HostTensor dlogits) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Result r && metrics.equals(r.metrics) && Arrays.equals(dlogits.values(), r.dlogits.values());
        }

        @Override
        public int hashCode() {
            return metrics.hashCode();
        }
    }

    private static Result run(Device device, separable.device.Stream stream, HostTensor logits, int[] labels, int count,
                              float smoothing, DType type, boolean train) {
        return run(device, stream, logits, labels, count, smoothing, type, train, LossScale.NONE);
    }

    private static Result run(Device device, separable.device.Stream stream, HostTensor logits, int[] labels, int count,
                              float smoothing, DType type, boolean train, LossScale scale) {
        Shape shape = logits.shape();
        StepState state = new StepState(device);
        state.write(new StepState.Values(1, 0, 0, count, SLOT, count, 0.1f, shape.n()).withScale(scale));
        SoftmaxCrossEntropy op = new SoftmaxCrossEntropy(device, shape, type, smoothing, labels.length > shape.n());
        DeviceBuffer onDevice = logits.upload(device, type);
        DeviceBuffer classes = device.allocate(labels.length * 4L, "labels");
        classes.write(labels);
        DeviceBuffer dlogits = Poisoned.buffer(device, shape, type);
        DeviceBuffer ring = Poisoned.buffer(device, SLOTS * StepMetrics.BYTES);
        DeviceBuffer workspace = Poisoned.buffer(device, op.workspaceBytes());
        DeviceBuffer tickets = Poisoned.tickets(device, op.tickets());
        if (train) {
            op.run(onDevice.pointer(), classes.pointer(), state.pointer(), dlogits.pointer(), ring.pointer(), workspace.pointer(),
                    tickets.pointer(), stream.handle());
        } else {
            op.evaluate(onDevice.pointer(), classes.pointer(), state.pointer(), ring.pointer(), workspace.pointer(),
                    tickets.pointer(), stream.handle());
        }
        assertThat(tickets.readInts(0, 1)).containsExactly(0);
        ByteBuffer bytes = ByteBuffer.wrap(ring.readBytes(0, SLOTS * StepMetrics.BYTES));
        for (int slot = 0; slot < SLOTS; slot++) {
            assertThat(StepMetrics.at(bytes, slot).count() == -1).as("slot %d untouched", slot).isEqualTo(slot != SLOT);
        }
        return new Result(StepMetrics.at(bytes, SLOT), train ? HostTensor.download(dlogits, shape, type) : null);
    }

    private static double loss(HostTensor logits, int[] labels, int count, double smoothing) {
        int classes = logits.shape().c();
        double sum = 0;
        for (int row = 0; row < count; row++) {
            double denominator = 0;
            for (int c = 0; c < classes; c++) {
                denominator += Math.exp(logits.get(row, 0, 0, c));
            }
            for (int c = 0; c < classes; c++) {
                double target = smoothing / classes + (c == labels[row] ? 1 - smoothing : 0);
                sum -= target * (logits.get(row, 0, 0, c) - Math.log(denominator));
            }
        }
        return sum;
    }

    private static int ranked(HostTensor logits, int[] labels, int count, int within) {
        int hits = 0;
        for (int row = 0; row < count; row++) {
            int before = 0;
            double own = logits.get(row, 0, 0, labels[row]);
            for (int c = 0; c < logits.shape().c(); c++) {
                double other = logits.get(row, 0, 0, c);
                before += other > own || other == own && c < labels[row] ? 1 : 0;
            }
            hits += before < within ? 1 : 0;
        }
        return hits;
    }
}
