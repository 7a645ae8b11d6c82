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
                assertThat(statistics.readFloats(2 * channels, channels)).as("scale").containsExactly(NormTable.scale(
                        behind.gamma().readFloats(0, channels), stats.readFloats(channels, channels), RELU6.epsilon()));
                assertThat(statistics.readFloats(3 * channels, channels)).as("beta").containsExactly(behind.beta().readFloats(0, channels));
                assertThat(bits(running, 2 * channels)).as("running").isEqualTo(bits(expectedRunning, 2 * channels));
                assertThat(tickets.readInts(0, op.tickets())).as("tickets").containsOnly(0);
            }
        }
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
    }
}
