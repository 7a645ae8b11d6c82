package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.DType;
import separable.spec.Padding;
import separable.spec.PoolSpec;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.FiniteDifferences;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

/** Pools against double loops; their gradients against finite differences of those. */
@ExtendWith(DeviceExtension.class)
class PoolTest {

    static Stream<Arguments> problems() {
        return Stream.of(DType.values()).flatMap(type -> Stream.of(
                new PoolSpec(new Shape(1, 1, 1, 1), 1, 1, Padding.NONE),
                new PoolSpec(new Shape(2, 6, 4, 3), 2, 2, Padding.NONE),
                new PoolSpec(new Shape(1, 7, 5, 3), 2, 2, Padding.NONE),
                new PoolSpec(new Shape(1, 7, 6, 17), 3, 2, Padding.symmetric(1)),
                new PoolSpec(new Shape(1, 6, 8, 3), 3, 2, new Padding(0, 0, 1, 1)),
                new PoolSpec(new Shape(1, 5, 4, 10), 3, 1, new Padding(2, 1, 0, 2)),
                new PoolSpec(new Shape(1, 7, 7, 1), 2, 3, Padding.NONE)).map(spec -> Arguments.of(spec, type)));
    }

    @ParameterizedTest
    @MethodSource("problems")
    void maximum(PoolSpec spec, DType type, Device device, separable.device.Stream stream) {
        HostTensor x = distinct(spec.input(), type);
        HostTensor dy = HostTensor.random(spec.output(), 2).roundTo(type);
        MaxPool pool = new MaxPool(device, spec, type);
        DeviceBuffer xs = x.upload(device, type);
        DeviceBuffer y = Poisoned.buffer(device, spec.output(), type);
        DeviceBuffer dx = Poisoned.buffer(device, spec.input(), type);

        pool.forward(xs.pointer(), y.pointer(), stream.handle());
        pool.backward(xs.pointer(), y.pointer(), dy.upload(device, type).pointer(), dx.pointer(), stream.handle());

        Expect.same(HostTensor.download(y, spec.output(), type), maxPool(x, spec), "y");
        HostTensor gradient = new HostTensor(spec.input(), FiniteDifferences.gradient(x, () -> maxPool(x, spec).dot(dy)));
        Expect.close(HostTensor.download(dx, spec.input(), type), gradient, type, "dx");
    }

    @ParameterizedTest
    @MethodSource("problems")
    void average(PoolSpec spec, DType type, Device device, separable.device.Stream stream) {
        HostTensor x = HostTensor.random(spec.input(), 1).roundTo(type);
        HostTensor dy = HostTensor.random(spec.output(), 2).roundTo(type);
        for (boolean countPadding : new boolean[] {false, true}) {
            AveragePool pool = new AveragePool(device, spec, type, countPadding);
            DeviceBuffer y = Poisoned.buffer(device, spec.output(), type);
            DeviceBuffer dx = Poisoned.buffer(device, spec.input(), type);

            pool.forward(x.upload(device, type).pointer(), y.pointer(), stream.handle());
            pool.backward(dy.upload(device, type).pointer(), dx.pointer(), stream.handle());

            Expect.close(HostTensor.download(y, spec.output(), type), averagePool(x, spec, countPadding), type, "y");
            HostTensor gradient = new HostTensor(spec.input(),
                    FiniteDifferences.gradient(x, () -> averagePool(x, spec, countPadding).dot(dy)));
            Expect.close(HostTensor.download(dx, spec.input(), type), gradient, type, "dx");
        }
    }

    static Stream<Arguments> pictures() {
        return Stream.of(DType.values()).flatMap(type ->
                Stream.of(new Shape(1, 1, 1, 1), new Shape(3, 7, 5, 17), new Shape(2, 4, 4, 320)).map(shape -> Arguments.of(shape, type)));
    }

    @ParameterizedTest
    @MethodSource("pictures")
    void globalAverage(Shape shape, DType type, Device device, separable.device.Stream stream) {
        Shape pooled = Shape.matrix(shape.n(), shape.c());
        HostTensor x = HostTensor.random(shape, 1).roundTo(type);
        HostTensor dy = HostTensor.random(pooled, 2).roundTo(type);
        GlobalAveragePool pool = new GlobalAveragePool(device, shape, type);
        DeviceBuffer y = Poisoned.buffer(device, pooled, type);
        DeviceBuffer dx = Poisoned.buffer(device, shape, type);

        pool.forward(x.upload(device, type).pointer(), y.pointer(), stream.handle());
        pool.backward(dy.upload(device, type).pointer(), dx.pointer(), stream.handle());

        int pixels = shape.h() * shape.w();
        HostTensor mean = HostTensor.zeros(pooled);
        HostTensor spread = HostTensor.zeros(shape);
        forEach(shape, (n, row, column, c) -> {
            mean.add(n, 0, 0, c, x.get(n, row, column, c) / pixels);
            spread.set(n, row, column, c, dy.get(n, 0, 0, c) / pixels);
        });
        Expect.close(HostTensor.download(y, pooled, type), mean, type, "y");
        Expect.close(HostTensor.download(dx, shape, type), spread, type, "dx");
    }

    @Test
    void tiesGoToTheFirstMaximumInScanOrder(Device device, separable.device.Stream stream) {
        PoolSpec spec = new PoolSpec(new Shape(1, 3, 3, 1), 2, 1, Padding.NONE);
        DeviceBuffer x = HostTensor.zeros(spec.input()).upload(device, DType.F32);
        DeviceBuffer y = Poisoned.buffer(device, spec.output(), DType.F32);
        DeviceBuffer dx = Poisoned.buffer(device, spec.input(), DType.F32);
        MaxPool pool = new MaxPool(device, spec, DType.F32);

        pool.forward(x.pointer(), y.pointer(), stream.handle());
        pool.backward(x.pointer(), y.pointer(), HostTensor.of(spec.output(), 1, 2, 3, 4).upload(device, DType.F32).pointer(),
                dx.pointer(), stream.handle());

        assertThat(HostTensor.download(dx, spec.input(), DType.F32).values()).containsExactly(1, 2, 0, 3, 4, 0, 0, 0, 0);
    }

    /** Values of which no two in a window are close: a shuffled staircase, exact in bf16. */
    private static HostTensor distinct(Shape shape, DType type) {
        HostTensor noise = HostTensor.random(shape, 3);
        HostTensor x = HostTensor.zeros(shape);
        forEach(shape, (n, y, column, c) -> x.set(n, y, column, c,
                (y * 5 + column * 7 + c) % 16 / 16.0 + (y % 4 * 4 + column % 4) / 256.0 - (noise.get(n, y, column, c) > 0 ? 0 : 1)));
        return x.roundTo(type);
    }

    private static HostTensor maxPool(HostTensor x, PoolSpec spec) {
        HostTensor y = HostTensor.zeros(spec.output()).map(v -> Double.NEGATIVE_INFINITY);
        forEachTap(spec, (n, oy, ox, iy, ix, c) -> y.set(n, oy, ox, c, Math.max(y.get(n, oy, ox, c), x.get(n, iy, ix, c))));
        return y;
    }

    private static HostTensor averagePool(HostTensor x, PoolSpec spec, boolean countPadding) {
        HostTensor sum = HostTensor.zeros(spec.output());
        HostTensor count = HostTensor.zeros(spec.output());
        forEachTap(spec, (n, oy, ox, iy, ix, c) -> {
            sum.add(n, oy, ox, c, x.get(n, iy, ix, c));
            count.add(n, oy, ox, c, 1);
        });
        for (int i = 0; i < sum.values().length; i++) {
            sum.values()[i] /= countPadding ? spec.kernel() * spec.kernel() : count.values()[i];
        }
        return sum;
    }

    private interface Tap {
        void at(int n, int oy, int ox, int iy, int ix, int c);
    }

    /** Every pixel of every window, padding left out. */
    private static void forEachTap(PoolSpec spec, Tap tap) {
        Shape in = spec.input();
        forEach(spec.output(), (n, oy, ox, c) -> {
            for (int k = 0; k < spec.kernel() * spec.kernel(); k++) {
                int iy = oy * spec.stride() - spec.padding().top() + k / spec.kernel();
                int ix = ox * spec.stride() - spec.padding().left() + k % spec.kernel();
                if (iy >= 0 && iy < in.h() && ix >= 0 && ix < in.w()) {
                    tap.at(n, oy, ox, iy, ix, c);
                }
            }
        });
    }

    private interface Element {
        void at(int n, int y, int x, int c);
    }

    private static void forEach(Shape shape, Element element) {
        for (int n = 0; n < shape.n(); n++) {
            for (int y = 0; y < shape.h(); y++) {
                for (int x = 0; x < shape.w(); x++) {
                    for (int c = 0; c < shape.c(); c++) {
                        element.at(n, y, x, c);
                    }
                }
            }
        }
    }
}
