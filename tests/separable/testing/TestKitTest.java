package separable.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Padding;
import separable.spec.Shape;

/** The kit must see what it is there to see. */
@ExtendWith(DeviceExtension.class)
class TestKitTest {

    private static final Shape ODD = new Shape(2, 3, 1, 5);

    @ParameterizedTest
    @EnumSource(DType.class)
    void tensorsRoundTripWithSurplusChannels(DType type, Device device) {
        HostTensor tensor = HostTensor.random(ODD, 1).roundTo(type);
        DeviceBuffer buffer = tensor.upload(device, type);
        assertThat(buffer.bytes()).isEqualTo(2 * 3 * 8 * type.bytes());
        Expect.same(HostTensor.download(buffer, ODD, type), tensor, "what was uploaded");
        buffer.write(5L * type.bytes(), new byte[] {0x40, 0x40, 0x40, 0x40});
        assertThatThrownBy(() -> HostTensor.download(buffer, ODD, type)).isInstanceOf(AssertionError.class)
                .hasMessageContaining("surplus element [0, 5]");
    }

    @Test
    void filtersAreStoredAsKernelsReadThem(Device device) {
        ConvSpec full = ConvSpec.full(ODD, 3, 3, 1, 1, Padding.symmetric(1));
        HostFilter filter = HostFilter.zeros(full);
        filter.set(2, 1, 0, 4, 7);
        DeviceBuffer buffer = filter.upload(device, DType.F32);
        assertThat(buffer.bytes()).isEqualTo(8 * 9 * 8 * Float.BYTES);
        assertThat(buffer.readFloats((((2L * 3 + 1) * 3 + 0) * 8 + 4) * Float.BYTES, 1)).containsExactly(7f);
        Expect.same(HostFilter.download(buffer, full), filter, "full filter");

        ConvSpec depthwise = ConvSpec.depthwise(ODD, 3, 1, 1, Padding.symmetric(1));
        HostFilter taps = HostFilter.random(depthwise, 2);
        DeviceBuffer stored = taps.upload(device, DType.F32);
        assertThat(stored.bytes()).isEqualTo(9 * 8 * Float.BYTES);
        assertThat((double) stored.readFloats((5L * 8 + 3) * Float.BYTES, 1)[0]).isEqualTo(taps.get(0, 1, 2, 3));
    }

    @Test
    void poisonIsNaNInBothPrecisions(Device device) {
        DeviceBuffer buffer = Poisoned.buffer(device, ODD, DType.BF16);
        assertThat(buffer.readFloats(0, 1)[0]).isNaN();
        assertThat(Bf16.value(buffer.readShorts(2, 1)[0])).isNaN();
    }

    @Test
    void bf16RoundsToNearestEven() {
        assertThat(Bf16.round(1 + 0x1p-8)).isEqualTo(1);
        assertThat(Bf16.round(1 + 3 * 0x1p-8)).isEqualTo(1 + 0x1p-6);
        assertThat(Bf16.round(1 + 0x1p-8 + 0x1p-20)).isEqualTo(1 + 0x1p-7);
        assertThat(Bf16.round(-3.4e38)).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(Bf16.round(Double.NaN)).isNaN();
    }

    @Test
    void expectationsFailWhereTheyMust() {
        double[] expected = {1, 1000, 0};
        assertThatCode(() -> Expect.close(new double[] {1.005, 1000, 0}, expected, DType.F32, "small")).doesNotThrowAnyException();
        assertThatThrownBy(() -> Expect.close(new double[] {1, 1000.1, 0}, expected, DType.F32, "y"))
                .isInstanceOf(AssertionError.class).hasMessageContaining("y: 1 of 3 elements differ; the worst, element 1, is 1000.1 instead of 1000.0");
        assertThatThrownBy(() -> Expect.close(new double[] {1, 1000, Double.NaN}, expected, DType.BF16, "y")).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> Expect.close(new double[2], expected, DType.F32, "y")).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> Expect.relativeL2(new double[] {1, Double.NaN, 0}, expected, 1, "y")).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> Expect.relativeL2(new double[] {1, 900, 0}, expected, 0.01, "y")).isInstanceOf(AssertionError.class);
        assertThatCode(() -> Expect.relativeL2(new double[] {1, 999, 0}, expected, 0.01, "y")).doesNotThrowAnyException();
    }

    @Test
    void finiteDifferencesFindTheGradient() {
        HostTensor x = HostTensor.random(ODD, 3);
        HostTensor before = x.map(value -> value);
        double[] gradient = FiniteDifferences.gradient(x, () -> x.map(Math::sin).dot(before));
        HostTensor expected = x.map(Math::cos);
        for (int i = 0; i < gradient.length; i++) {
            expected.values()[i] *= before.values()[i];
        }
        Expect.close(gradient, expected.values(), 1e-9, 0, "gradient of sin");
        Expect.same(x, before, "the variables afterwards");
    }
}
