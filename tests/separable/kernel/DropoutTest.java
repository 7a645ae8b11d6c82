package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
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
class DropoutTest {

    private static final long SEED = 0x0123456789abcdefL;
    private static final long STEP = 5_000_000_007L;
    private static final int SALT = 3;

    static Stream<Arguments> problems() {
        return Stream.of(DType.values()).flatMap(type -> Stream.of(0f, 0.2f, 0.5f).flatMap(rate ->
                Stream.of(Shape.matrix(1, 1), Shape.matrix(5, 17), new Shape(2, 3, 3, 10)).map(shape -> Arguments.of(shape, type, rate))));
    }

    @ParameterizedTest
    @MethodSource("problems")
    void bothDirectionsUseTheTwinsMask(Shape shape, DType type, float rate, Device device, separable.device.Stream stream) {
        StepState state = state(device, STEP);
        Dropout dropout = new Dropout(device, shape, type, rate, SALT);
        HostTensor x = HostTensor.random(shape, 1).roundTo(type);
        HostTensor dy = HostTensor.random(shape, 2).roundTo(type);
        DeviceBuffer y = Poisoned.buffer(device, shape, type);
        DeviceBuffer dx = Poisoned.buffer(device, shape, type);

        dropout.forward(x.upload(device, type).pointer(), state.pointer(), y.pointer(), stream.handle());
        dropout.backward(dy.upload(device, type).pointer(), state.pointer(), dx.pointer(), stream.handle());

        Expect.close(HostTensor.download(y, shape, type), masked(x, rate), type, "y");
        Expect.close(HostTensor.download(dx, shape, type), masked(dy, rate), type, "dx");
    }

    @Test
    void dropsTheFractionAskedForAndAnotherOneNextStep(Device device, separable.device.Stream stream) {
        Shape shape = Shape.matrix(64, 1280);
        DeviceBuffer ones = HostTensor.zeros(shape).map(v -> 1).upload(device, DType.F32);
        Dropout dropout = new Dropout(device, shape, DType.F32, 0.2f, SALT);
        double[][] kept = new double[2][];
        for (int step = 0; step < 2; step++) {
            DeviceBuffer y = Poisoned.buffer(device, shape, DType.F32);
            dropout.forward(ones.pointer(), state(device, step).pointer(), y.pointer(), stream.handle());
            kept[step] = HostTensor.download(y, shape, DType.F32).values();
        }
        double mean = 0;
        int different = 0;
        for (int i = 0; i < kept[0].length; i++) {
            mean += kept[0][i] / kept[0].length;
            different += kept[0][i] == kept[1][i] ? 0 : 1;
        }
        // Five standard deviations of the mean of 81920 draws; two independent masks differ in 2 * 0.2 * 0.8 of the places.
        assertThat(mean).isBetween(1 - 0.009, 1 + 0.009);
        assertThat(different / 81920.0).isBetween(0.31, 0.33);
    }

    @Test
    void refusesRatesOutsideTheRange(Device device) {
        for (float rate : new float[] {-0.1f, 1, Float.NaN}) {
            assertThatThrownBy(() -> new Dropout(device, Shape.matrix(1, 8), DType.F32, rate, 0))
                    .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("dropout rate " + rate);
        }
    }

    private static StepState state(Device device, long step) {
        StepState state = new StepState(device);
        state.write(new StepState.Values(SEED, step, 0, 1, 0, 1, 0.1f, 1));
        return state;
    }

    private static HostTensor masked(HostTensor x, float rate) {
        Shape shape = x.shape();
        HostTensor y = HostTensor.zeros(shape);
        for (int i = 0; i < x.values().length; i++) {
            int stored = i / shape.c() * shape.channelStride() + i % shape.c();
            int word = Philox.draw(Philox.DROPOUT, stored / 4, SALT, STEP, SEED)[stored % 4];
            boolean dropped = Integer.toUnsignedLong(word) < (double) rate * 0x1p32;
            y.values()[i] = dropped ? 0 : x.values()[i] / (1 - rate);
        }
        return y;
    }
}
