package separable.kernel;

import java.util.stream.Stream;
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
class AddTest {

    static Stream<Arguments> problems() {
        return Stream.of(DType.values()).flatMap(type ->
                Stream.of(new Shape(1, 1, 1, 3), new Shape(2, 5, 3, 17), new Shape(4, 14, 14, 24)).map(shape -> Arguments.of(shape, type)));
    }

    @ParameterizedTest
    @MethodSource("problems")
    void addsRoundingOnce(Shape shape, DType type, Device device, separable.device.Stream stream) {
        HostTensor a = HostTensor.random(shape, 1).roundTo(type);
        HostTensor b = HostTensor.random(shape, 2).roundTo(type);
        HostTensor sum = HostTensor.zeros(shape);
        for (int i = 0; i < sum.values().length; i++) {
            sum.values()[i] = a.values()[i] + b.values()[i];
        }
        DeviceBuffer onDevice = a.upload(device, type);
        DeviceBuffer y = Poisoned.buffer(device, shape, type);
        Add add = new Add(device, shape, type);
        HostTensor rounded = sum.roundTo(type);

        add.forward(onDevice.pointer(), b.upload(device, type).pointer(), y.pointer(), stream.handle());
        Expect.same(HostTensor.download(y, shape, type), rounded, "a + b");

        add.forward(onDevice.pointer(), y.pointer(), onDevice.pointer(), stream.handle());
        HostTensor twice = HostTensor.zeros(shape);
        for (int i = 0; i < sum.values().length; i++) {
            twice.values()[i] = a.values()[i] + rounded.values()[i];
        }
        Expect.same(HostTensor.download(onDevice, shape, type), twice.roundTo(type), "a + b in place");
    }
}
