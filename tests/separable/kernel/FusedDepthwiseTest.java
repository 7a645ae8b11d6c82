package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.NormSpec;
import separable.spec.Padding;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostFilter;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

/** The fused depthwise kernels against the plain ones one after the other, bit for bit. */
@ExtendWith(DeviceExtension.class)
class FusedDepthwiseTest {

    private static final NormSpec RELU6 = new NormSpec(Activation.RELU6, 1e-3f, 0.1f);

    static Stream<ConvSpec> specs() {
        Padding one = Padding.symmetric(1);
        Padding two = Padding.symmetric(2);
        return Stream.of(
                ConvSpec.depthwise(new Shape(1, 1, 1, 8), 3, 1, 1, one),
                ConvSpec.depthwise(new Shape(3, 2, 3, 24), 3, 1, 1, one),
                ConvSpec.depthwise(new Shape(2, 7, 7, 136), 3, 1, 1, one),
                ConvSpec.depthwise(new Shape(17, 23, 10, 8), 3, 1, 1, one),
                // Several pieces a thread, some one more than others; first by one CTA, then by two.
                ConvSpec.depthwise(new Shape(9, 5, 6, 520), 3, 1, 1, one),
                ConvSpec.depthwise(new Shape(37, 5, 6, 104), 3, 2, 1, one),
                ConvSpec.depthwise(new Shape(2, 5, 7, 40), 3, 2, 1, one),
                ConvSpec.depthwise(new Shape(9, 13, 9, 24), 3, 2, 1, one),
                ConvSpec.depthwise(new Shape(2, 6, 8, 40), 3, 2, 1, Padding.same(6, 8, 3, 3, 2, 1)),
                ConvSpec.depthwise(new Shape(5, 34, 11, 8), 3, 2, 1, Padding.same(34, 11, 3, 3, 2, 1)),
                ConvSpec.depthwise(new Shape(2, 7, 7, 24), 5, 1, 1, two),
                ConvSpec.depthwise(new Shape(2, 13, 9, 40), 5, 2, 1, two),
                ConvSpec.depthwise(new Shape(3, 6, 8, 8), 5, 2, 1, Padding.same(6, 8, 5, 5, 2, 1)));
    }

    static Stream<Arguments> problems() {
        return specs().flatMap(spec -> Stream.of(DType.values()).map(type -> Arguments.of(spec, type)));
    }

    private static String bits(DeviceBuffer floats, int count) {
        StringBuilder all = new StringBuilder();
        for (float v : floats.readFloats(0, count)) {
            all.append(Integer.toHexString(Float.floatToRawIntBits(v))).append(' ');
        }
        return all.toString();
    }

    private static float[] row(DeviceBuffer rows, int number, int channels) {
        return rows.readFloats((long) number * channels * Float.BYTES, channels);
    }

    private static DeviceBuffer running(Device device, int channels) {
        DeviceBuffer running = Poisoned.floats(device, 2 * channels);
        running.zero();
        return running;
    }

    @ParameterizedTest
    @MethodSource("problems")
    void forwardIsThePlainOne(ConvSpec spec, DType type, Device device, separable.device.Stream stream) {
        int channels = spec.input().channelStride();
        NormTable before = NormTable.random(channels, RELU6, 2, device);
        NormTable behind = NormTable.random(channels, RELU6, 6, device);
        DeviceBuffer yPrev = HostTensor.random(spec.input(), -2, 2, 1).roundTo(type).upload(device, type);
        DeviceBuffer w = HostFilter.random(spec, 5).roundTo(type).upload(device, type);
        DeviceBuffer a = Poisoned.buffer(device, spec.input(), type);
        new BatchNorm(device, spec.input(), type, Activation.RELU6, RELU6.epsilon(), 0).forward(yPrev.pointer(), before.plain().pointer(),
                before.gamma().pointer(), before.beta().pointer(), a.pointer(), stream.handle());
        for (FusedInput input : List.of(FusedInput.RAW, FusedInput.NORM)) {
            DeviceBuffer expected = Poisoned.buffer(device, spec.output(), type);
            new DepthwiseConv(device, spec, type).forward((input == FusedInput.RAW ? yPrev : a).pointer(), w.pointer(), expected.pointer(), stream.handle());
            DepthwiseFolds folds = new DepthwiseFolds(device, spec, type, RELU6);
            DeviceBuffer stats = Poisoned.floats(device, 2 * channels);
            DeviceBuffer expectedRunning = running(device, channels);
            DeviceBuffer foldTickets = Poisoned.tickets(device, folds.tickets());
            folds.statistics(expected.pointer(), stats.pointer(), expectedRunning.pointer(),
                    Poisoned.buffer(device, folds.workspaceBytes()).pointer(), foldTickets.pointer(), stream.handle());
            assertThat(foldTickets.readInts(0, folds.tickets())).as("tickets of the plain statistics").containsOnly(0);
            checkStatistics(HostTensor.download(expected, spec.output(), type), stats);

            FusedDepthwiseForward op = new FusedDepthwiseForward(device, spec, type, input, Activation.RELU6, RELU6);
            DeviceBuffer workspace = Poisoned.buffer(device, op.workspaceBytes());
            DeviceBuffer tickets = Poisoned.tickets(device, op.tickets());
            for (String run : List.of("first", "second")) {
                DeviceBuffer y = Poisoned.buffer(device, spec.output(), type);
                DeviceBuffer statistics = Poisoned.floats(device, 4 * channels);
                DeviceBuffer running = running(device, channels);
                op.enqueue(yPrev.pointer(), before.table().pointer(), w.pointer(), behind.gamma().pointer(), behind.beta().pointer(), y.pointer(),
                        statistics.pointer(), running.pointer(), workspace.pointer(), tickets.pointer(), stream.handle());
                Expect.same(HostTensor.download(y, spec.output(), type), HostTensor.download(expected, spec.output(), type), "y, " + run + " run");
                assertThat(bits(statistics, 2 * channels)).as("statistics, %s run", run).isEqualTo(bits(stats, 2 * channels));
                assertThat(row(statistics, 2, channels)).as("scale").containsExactly(NormTable.scale(
                        behind.gamma().readFloats(0, channels), row(stats, 1, channels), RELU6.epsilon()));
                assertThat(row(statistics, 3, channels)).as("beta").containsExactly(behind.beta().readFloats(0, channels));
                assertThat(bits(running, 2 * channels)).as("running").isEqualTo(bits(expectedRunning, 2 * channels));
                assertThat(tickets.readInts(0, op.tickets())).as("tickets").containsOnly(0);
            }
        }
    }

    /** Tensors of a backward pass on the device, and what the plain kernels make of them. */
    private static final class Backward {
        final Device device;
        final separable.device.Stream stream;
        final ConvSpec spec;
        final DType type;
        final int channels;
        final NormTable before;
        final NormTable behind;
        final DeviceBuffer yPrev;
        final DeviceBuffer y;
        final DeviceBuffer g;
        final DeviceBuffer w;
        final DeviceBuffer sums;
        final DeviceBuffer a;
        final DeviceBuffer dy;

        Backward(ConvSpec spec, DType type, Device device, separable.device.Stream stream) {
            this.device = device;
            this.stream = stream;
            this.spec = spec;
            this.type = type;
            channels = spec.input().channelStride();
            before = NormTable.random(channels, RELU6, 2, device);
            behind = NormTable.random(channels, RELU6, 6, device);
            yPrev = HostTensor.random(spec.input(), -2, 2, 1).roundTo(type).upload(device, type);
            y = HostTensor.random(spec.output(), -2, 2, 3).roundTo(type).upload(device, type);
            g = HostTensor.random(spec.output(), 4).roundTo(type).upload(device, type);
            w = HostFilter.random(spec, 5).roundTo(type).upload(device, type);
            a = Poisoned.buffer(device, spec.input(), type);
            new BatchNorm(device, spec.input(), type, Activation.RELU6, RELU6.epsilon(), 0).forward(yPrev.pointer(), before.plain().pointer(),
                    before.gamma().pointer(), before.beta().pointer(), a.pointer(), stream.handle());
            HostTensor dgamma = HostTensor.random(Shape.matrix(1, channels), 7);
            HostTensor dbeta = HostTensor.random(Shape.matrix(1, channels), 8);
            dy = Poisoned.buffer(device, spec.output(), type);
            new BatchNorm(device, spec.output(), type, Activation.RELU6, RELU6.epsilon(), 0).backwardData(y.pointer(), g.pointer(),
                    behind.plain().pointer(), behind.gamma().pointer(), dgamma.upload(device, DType.F32).pointer(),
                    dbeta.upload(device, DType.F32).pointer(), dy.pointer(), stream.handle());
            sums = sums(dgamma, dbeta);
        }

        /** As FoldGradientSums computes them from dgamma and dbeta. */
        private DeviceBuffer sums(HostTensor dgamma, HostTensor dbeta) {
            float perRow = 1f / spec.output().rows();
            float[] variance = row(behind.plain(), 1, channels);
            HostTensor both = HostTensor.zeros(Shape.matrix(2, channels));
            for (int c = 0; c < channels; c++) {
                both.set(0, 0, 0, c, (float) dbeta.values()[c] * perRow);
                both.set(1, 0, 0, c, (float) dgamma.values()[c] * perRow * (1 / (float) Math.sqrt(variance[c] + RELU6.epsilon())));
            }
            return both.upload(device, DType.F32);
        }

        /** What one launch, or the plain ones, leave. */
        final class Result {
            final DeviceBuffer gPrev = Poisoned.buffer(device, spec.input(), type);
            final DeviceBuffer dgamma = Poisoned.floats(device, channels);
            final DeviceBuffer dbeta = Poisoned.floats(device, channels);
            final DeviceBuffer sumsPrev = Poisoned.floats(device, 2 * channels);
            final DeviceBuffer dw = Poisoned.floats(device, taps() * channels);

            HostTensor gradient() {
                return HostTensor.download(gPrev, spec.input(), type);
            }

            HostFilter filter() {
                return HostFilter.download(dw, spec);
            }
        }

        int taps() {
            return spec.kernelHeight() * spec.kernelWidth();
        }

        Result plain(FusedInput input) {
            Result plain = new Result();
            DepthwiseFolds folds = new DepthwiseFolds(device, spec, type, RELU6);
            DeviceBuffer workspace = Poisoned.buffer(device, folds.workspaceBytes());
            DeviceBuffer tickets = Poisoned.tickets(device, folds.tickets());
            new DepthwiseConv(device, spec, type).backwardData(dy.pointer(), w.pointer(), plain.gPrev.pointer(), stream.handle());
            if (input == FusedInput.NORM) {
                folds.backwardReduce(yPrev.pointer(), plain.gPrev.pointer(), before.plain().pointer(), before.gamma().pointer(),
                        before.beta().pointer(), plain.gPrev.pointer(), plain.dgamma.pointer(), plain.dbeta.pointer(), workspace.pointer(),
                        tickets.pointer(), stream.handle());
            }
            folds.backwardFilter((input == FusedInput.NORM ? a : yPrev).pointer(), dy.pointer(), plain.dw.pointer(), workspace.pointer(),
                    tickets.pointer(), stream.handle());
            assertThat(tickets.readInts(0, folds.tickets())).as("tickets of the plain folds").containsOnly(0);
            return plain;
        }

        Result fused(FusedDepthwiseBackward op, DeviceBuffer workspace, DeviceBuffer tickets) {
            Result fused = new Result();
            op.enqueue(g.pointer(), y.pointer(), behind.table().pointer(), sums.pointer(), yPrev.pointer(), before.table().pointer(), w.pointer(),
                    fused.gPrev.pointer(), fused.dgamma.pointer(), fused.dbeta.pointer(), fused.sumsPrev.pointer(), fused.dw.pointer(),
                    workspace.pointer(), tickets.pointer(), stream.handle());
            return fused;
        }
    }

    @ParameterizedTest
    @MethodSource("problems")
    void gradientsAreThePlainOnes(ConvSpec spec, DType type, Device device, separable.device.Stream stream) {
        Backward problem = new Backward(spec, type, device, stream);
        for (FusedInput input : List.of(FusedInput.RAW, FusedInput.NORM)) {
            Backward.Result plain = problem.plain(input);
            HostTensor conv = HostTensor.download(input == FusedInput.RAW ? problem.yPrev : problem.a, spec.input(), type);
            double size = Math.sqrt(spec.output().rows());
            Expect.close(plain.filter().values(), ConvOracle.backwardFilter(spec, conv, HostTensor.download(problem.dy, spec.output(), type)).values(),
                    1e-5 * size, 1e-5, "plain dw");
            if (input == FusedInput.NORM) {
                checkSums(problem, plain);
            }
            for (FusedDepthwiseBackward.Form form : FusedDepthwiseBackward.Form.values()) {
                if (FusedDepthwiseBackward.supports(spec, form)) {
                    checkForm(problem, input, form, plain);
                }
            }
        }
    }

    private static void checkForm(Backward problem, FusedInput input, FusedDepthwiseBackward.Form form, Backward.Result plain) {
        FusedDepthwiseBackward op = new FusedDepthwiseBackward(problem.device, problem.spec, problem.type, input, RELU6, form);
        DeviceBuffer workspace = Poisoned.buffer(problem.device, op.workspaceBytes());
        DeviceBuffer tickets = Poisoned.tickets(problem.device, op.tickets());
        for (String run : List.of(", first run", ", second run")) {
            String what = form + " " + input + run;
            Backward.Result fused = problem.fused(op, workspace, tickets);
            assertThat(op.tickets() == 0 ? new int[1] : tickets.readInts(0, op.tickets())).as("tickets, %s", what).containsOnly(0);
            if (form != FusedDepthwiseBackward.Form.FILTER) {
                Expect.same(fused.gradient(), plain.gradient(), "gPrev, " + what);
            }
            if (form != FusedDepthwiseBackward.Form.DATA) {
                Expect.same(fused.filter(), plain.filter(), "dw, " + what);
            }
            if (form != FusedDepthwiseBackward.Form.FILTER && input == FusedInput.NORM) {
                int channels = problem.channels;
                assertThat(bits(fused.dgamma, channels)).as("dgammaPrev, %s", what).isEqualTo(bits(plain.dgamma, channels));
                assertThat(bits(fused.dbeta, channels)).as("dbetaPrev, %s", what).isEqualTo(bits(plain.dbeta, channels));
                checkTable(problem, fused);
            }
        }
    }

    /** The coefficients for the layer before, from dgamma and dbeta. */
    private static void checkTable(Backward problem, Backward.Result fused) {
        int channels = problem.channels;
        float[] dgamma = fused.dgamma.readFloats(0, channels);
        float[] dbeta = fused.dbeta.readFloats(0, channels);
        float[] variance = row(problem.before.plain(), 1, channels);
        float[] expected = new float[2 * channels];
        float perRow = 1f / problem.spec.input().rows();
        for (int c = 0; c < channels; c++) {
            expected[c] = dbeta[c] * perRow;
            expected[channels + c] = dgamma[c] * perRow * (1 / (float) Math.sqrt(variance[c] + RELU6.epsilon()));
        }
        assertThat(fused.sumsPrev.readFloats(0, 2 * channels)).as("sumsPrev").containsExactly(expected);
    }

    /** dgamma and dbeta against plain loops over the stored gradient. */
    private static void checkSums(Backward problem, Backward.Result plain) {
        HostTensor g = plain.gradient();
        HostTensor x = HostTensor.download(problem.yPrev, problem.spec.input(), problem.type);
        int channels = problem.spec.input().c();
        float[] table = problem.before.plain().readFloats(0, 2 * problem.channels);
        double[] dgamma = new double[channels];
        double[] dbeta = new double[channels];
        for (int i = 0; i < g.values().length; i++) {
            int c = i % channels;
            dbeta[c] += g.values()[i];
            dgamma[c] += g.values()[i] * (x.values()[i] - table[c]) / Math.sqrt(table[problem.channels + c] + RELU6.epsilon());
        }
        double size = Math.sqrt(problem.spec.input().rows());
        Shape row = Shape.matrix(1, channels);
        Expect.close(HostTensor.download(plain.dbeta, row, DType.F32).values(), dbeta, 1e-5 * size, 1e-5, "dbeta");
        Expect.close(HostTensor.download(plain.dgamma, row, DType.F32).values(), dgamma, 1e-5 * size, 1e-5, "dgamma");
    }

    private static void checkStatistics(HostTensor y, DeviceBuffer stats) {
        BatchNormOracle oracle = new BatchNormOracle(y, RELU6.epsilon());
        double[] both = HostTensor.download(stats, Shape.matrix(2, y.shape().c()), DType.F32).values();
        int channels = y.shape().c();
        Expect.close(java.util.Arrays.copyOf(both, channels), oracle.mean, 1e-6, 1e-5, "mean");
        Expect.close(java.util.Arrays.copyOfRange(both, channels, 2 * channels), oracle.variance, 1e-6, 1e-5, "variance");
    }

    @Test
    void refusesWhatThePlainScheduleIsFor(Device device) {
        Shape shape = new Shape(1, 9, 9, 8);
        ConvSpec dilated = ConvSpec.depthwise(shape, 3, 1, 2, Padding.symmetric(1));
        ConvSpec plain = ConvSpec.depthwise(shape, 3, 1, 1, Padding.symmetric(1));
        assertThatThrownBy(() -> new FusedDepthwiseForward(device, dilated, DType.F32, FusedInput.RAW, Activation.NONE, RELU6))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("without dilation");
        assertThatThrownBy(() -> new FusedDepthwiseForward(device, plain, DType.F32, FusedInput.SUM_RAW, Activation.NONE, RELU6))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("RAW or NORM, not SUM_RAW");
        assertThatThrownBy(() -> new FusedDepthwiseBackward(device, ConvSpec.depthwise(shape, 5, 1, 1, Padding.symmetric(2)), DType.F32,
                FusedInput.NORM, RELU6, FusedDepthwiseBackward.Form.BOTH))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("5x5 filters take DATA and FILTER");
    }
}
