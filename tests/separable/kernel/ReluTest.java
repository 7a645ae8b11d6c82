package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.Activation;
import separable.spec.DType;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

@ExtendWith(DeviceExtension.class)
class ReluTest {

    static Stream<Arguments> problems() {
        return Stream.of(DType.values()).flatMap(type -> Stream.of(Activation.RELU, Activation.RELU6).flatMap(activation ->
                Stream.of(new Shape(1, 1, 1, 1), new Shape(2, 5, 3, 17), new Shape(3, 9, 11, 10), new Shape(1, 20, 16, 24))
                        .map(shape -> Arguments.of(shape, type, activation))));
    }

    @ParameterizedTest
    @MethodSource("problems")
    void forwardClampsAndBackwardMasks(Shape shape, DType type, Activation activation, Device device, separable.device.Stream stream) {
        HostTensor x = HostTensor.random(shape, -9, 9, 1).roundTo(type);
        HostTensor dy = HostTensor.random(shape, 2).roundTo(type);
        double ceiling = activation == Activation.RELU ? Double.POSITIVE_INFINITY : 6;
        Relu relu = new Relu(device, shape, type, activation);

        DeviceBuffer y = Poisoned.buffer(device, shape, type);
        relu.forward(x.upload(device, type).pointer(), y.pointer(), stream.handle());
        DoubleUnaryOperator clamp = v -> Math.min(Math.max(v, 0), ceiling);
        HostTensor out = HostTensor.download(y, shape, type);
        Expect.same(out, x.map(clamp), "y");

        DeviceBuffer dx = Poisoned.buffer(device, shape, type);
        relu.backward(y.pointer(), dy.upload(device, type).pointer(), dx.pointer(), stream.handle());
        HostTensor expected = HostTensor.zeros(shape);
        for (int i = 0; i < expected.values().length; i++) {
            expected.values()[i] = x.values()[i] > 0 && x.values()[i] < ceiling ? dy.values()[i] : 0;
        }
        Expect.same(HostTensor.download(dx, shape, type), expected, "dx");
    }

    @Test
    void worksInPlaceAndKeepsCornersAndNaN(Device device, separable.device.Stream stream) {
        Shape shape = Shape.matrix(1, 5);
        Relu relu = new Relu(device, shape, DType.F32, Activation.RELU6);
        DeviceBuffer x = HostTensor.of(shape, 0, 6, 7, -1, Double.NaN).upload(device, DType.F32);
        DeviceBuffer dy = HostTensor.of(shape, 1, 1, 1, 1, 1).upload(device, DType.F32);

        relu.forward(x.pointer(), x.pointer(), stream.handle());
        relu.backward(x.pointer(), dy.pointer(), dy.pointer(), stream.handle());

        assertThat(HostTensor.download(x, shape, DType.F32).values()).containsExactly(0, 6, 6, 0, Double.NaN);
        assertThat(HostTensor.download(dy, shape, DType.F32).values()).containsExactly(0, 0, 0, 0, 0);
    }

    @Test
    void refusesNoActivation(Device device) {
        assertThatThrownBy(() -> new Relu(device, Shape.matrix(1, 8), DType.F32, Activation.NONE))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("NONE");
    }
}
