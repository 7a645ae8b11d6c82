package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

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
class BiasTest {

    static Stream<Arguments> problems() {
        return Stream.of(DType.values()).flatMap(type -> Stream.of(new Shape(1, 1, 1, 1), new Shape(2, 5, 7, 3), new Shape(12, 29, 29, 1),
                new Shape(3, 7, 5, 17), new Shape(5, 13, 13, 40), Shape.matrix(7, 519)).map(shape -> Arguments.of(shape, type)));
    }

    @ParameterizedTest
    @MethodSource("problems")
    void addsToEveryPixel(Shape shape, DType type, Device device, separable.device.Stream stream) {
        HostTensor x = HostTensor.random(shape, 1).roundTo(type);
        HostTensor bias = HostTensor.random(Shape.matrix(1, shape.c()), 2);
        HostTensor expected = HostTensor.zeros(shape);
        for (int i = 0; i < expected.values().length; i++) {
            expected.values()[i] = x.values()[i] + bias.values()[i % shape.c()];
        }
        Bias op = new Bias(device, shape, type);
        DeviceBuffer dx = x.upload(device, type);
        DeviceBuffer db = bias.upload(device, DType.F32);
        DeviceBuffer y = Poisoned.buffer(device, shape, type);

        op.forward(dx.pointer(), db.pointer(), y.pointer(), stream.handle());
        op.forward(dx.pointer(), db.pointer(), dx.pointer(), stream.handle());

        Expect.close(HostTensor.download(y, shape, type), expected, type, "y");
        Expect.same(HostTensor.download(dx, shape, type), HostTensor.download(y, shape, type), "y in place of x");
    }

    @ParameterizedTest
    @MethodSource("problems")
    void gradientIsTheSumOverPixels(Shape shape, DType type, Device device, separable.device.Stream stream) {
        HostTensor dy = HostTensor.random(shape, 3).roundTo(type);
        double[] expected = new double[shape.c()];
        double[] magnitude = new double[shape.c()];
        for (int i = 0; i < dy.values().length; i++) {
            expected[i % shape.c()] += dy.values()[i];
            magnitude[i % shape.c()] += Math.abs(dy.values()[i]);
        }

        DeviceBuffer gradient = dy.upload(device, type);
        double[] first = gradient(shape, type, gradient, device, stream);
        for (int c = 0; c < shape.c(); c++) {
            assertThat(Math.abs(first[c] - expected[c])).as("dbias[%d]", c).isLessThanOrEqualTo(1e-6 * magnitude[c]);
        }
        assertThat(gradient(shape, type, gradient, device, stream)).as("a second run").containsExactly(first);
    }

    private static double[] gradient(Shape shape, DType type, DeviceBuffer dy, Device device, separable.device.Stream stream) {
        Bias op = new Bias(device, shape, type);
        DeviceBuffer dbias = Poisoned.floats(device, shape.channelStride());
        DeviceBuffer tickets = Poisoned.tickets(device, op.tickets());
        op.backward(dy.pointer(), dbias.pointer(), Poisoned.buffer(device, op.workspaceBytes()).pointer(), tickets.pointer(), stream.handle());
        double[] result = HostTensor.download(dbias, Shape.matrix(1, shape.c()), DType.F32).values();
        assertThat(tickets.readInts(0, op.tickets())).as("tickets").containsOnly(0);
        return result;
    }
}
