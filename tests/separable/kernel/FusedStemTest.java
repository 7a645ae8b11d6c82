package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
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
import separable.spec.Products;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostFilter;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

/** {@link FusedStemForward} and {@link FusedStemBackward} against the plain ops one after the other, folded alike: bit for bit. */
@ExtendWith(DeviceExtension.class)
class FusedStemTest {

    private static final NormSpec OUTPUT = new NormSpec(Activation.RELU6, RawOutput.EPSILON, 0.1f);

    /** Few channels and many, both strides, both paddings, one picture and several, more than one column tile; narrow and wide filter tiles. */
    static Stream<Arguments> problems() {
        Shape picture = new Shape(2, 31, 27, 3);
        Shape even = new Shape(3, 16, 22, 1);
        return Stream.of(DType.values()).flatMap(type -> Stream.of(
                Arguments.of(type, ConvSpec.full(picture, 24, 3, 2, 1, Padding.symmetric(1)), 3),
                Arguments.of(type, ConvSpec.full(even, 40, 3, 2, 1, Padding.same(16, 22, 3, 3, 2, 1)), 1),
                Arguments.of(type, ConvSpec.full(new Shape(1, 19, 15, 8), 16, 3, 1, 1, Padding.same(19, 15, 3, 3, 1, 1)), 2),
                Arguments.of(type, ConvSpec.full(new Shape(1, 9, 11, 8), 32, 3, 1, 1, Padding.symmetric(1)), 1)));
    }

    /** Each of {@link #problems()} with every tile. */
    static Stream<Arguments> tiles() {
        return problems().flatMap(problem -> GemmTile.stemTiles((DType) problem.get()[0]).stream()
                .map(tile -> Arguments.of(Stream.concat(Stream.of(problem.get()), Stream.of(tile)).toArray())));
    }

    @ParameterizedTest
    @MethodSource("tiles")
    void forwardIsThePlainOpsOneAfterTheOther(DType type, ConvSpec spec, int parts, GemmTile tile, Device device, separable.device.Stream stream) {
        Shape out = spec.output();
        DeviceBuffer x = HostTensor.random(spec.input(), 1).roundTo(type).upload(device, type);
        DeviceBuffer w = HostFilter.random(spec, 2).roundTo(type).upload(device, type);
        RawOutput of = RawOutput.random(device, out, type, Activation.RELU6, 3);
        FusedGrid grid = new FusedGrid(tile, parts, VectorGrid.blocks(out.c(), tile.columns()));

        DeviceBuffer y = Poisoned.buffer(device, out, type);
        DeviceBuffer statistics = Poisoned.floats(device, 4 * out.c());
        DeviceBuffer running = zeros(device, 2 * out.c());
        try (FusedStemForward op = new FusedStemForward(device, spec, type, OUTPUT, rule -> grid)) {
            DeviceBuffer tickets = Poisoned.tickets(device, op.tickets());
            op.enqueue(x.pointer(), w.pointer(), of.gamma().pointer(), of.beta().pointer(), y.pointer(), statistics.pointer(), running.pointer(),
                    Poisoned.buffer(device, op.workspaceBytes()).pointer(), tickets.pointer(), stream.handle());
            assertThat(tickets.readInts(0, op.tickets())).as("tickets").containsOnly(0);
        }

        DeviceBuffer plain = Poisoned.buffer(device, out, type);
        DeviceBuffer plainStatistics = Poisoned.floats(device, 2 * out.c());
        DeviceBuffer plainRunning = zeros(device, 2 * out.c());
        new Conv(device, spec, type).forward(x.pointer(), w.pointer(), plain.pointer(), stream.handle());
        TiledStatistics twin = new TiledStatistics(device, spec, type, Products.EXACT, FusedInput.RAW, OUTPUT, rule -> grid);
        twin.statistics(plain.pointer(), plainStatistics.pointer(), plainRunning.pointer(), Poisoned.buffer(device, twin.workspaceBytes()).pointer(),
                Poisoned.tickets(device, twin.tickets()).pointer(), stream.handle());
        Expect.same(HostTensor.download(y, out, type), HostTensor.download(plain, out, type), "y");
        assertThat(statistics.readFloats(0, 2 * out.c())).as("mean and variance").containsExactly(plainStatistics.readFloats(0, 2 * out.c()));
        assertThat(running.readFloats(0, 2 * out.c())).as("running").containsExactly(plainRunning.readFloats(0, 2 * out.c()));
        float[] gamma = of.gamma().readFloats(0, out.c());
        float[] variance = statistics.readFloats((long) out.c() * Float.BYTES, out.c());
        float[] scale = new float[out.c()];
        for (int c = 0; c < scale.length; c++) {
            scale[c] = gamma[c] * (1f / (float) Math.sqrt(variance[c] + OUTPUT.epsilon()));
        }
        assertThat(statistics.readFloats(2L * out.c() * Float.BYTES, out.c())).as("scale").containsExactly(scale);
        assertThat(statistics.readFloats(3L * out.c() * Float.BYTES, out.c())).as("beta").containsExactly(of.beta().readFloats(0, out.c()));
    }

    @ParameterizedTest
    @MethodSource("problems")
    void backwardIsThePlainOpsOneAfterTheOther(DType type, ConvSpec spec, int parts, Device device, separable.device.Stream stream) {
        Shape out = spec.output();
        RawOutput y = RawOutput.random(device, out, type, Activation.RELU6, 1);
        DeviceBuffer x = HostTensor.random(spec.input(), 2).roundTo(type).upload(device, type);
        DeviceBuffer g = HostTensor.random(out, 3).roundTo(type).upload(device, type);
        float[] dgamma = RawOutput.floats(HostTensor.random(Shape.matrix(1, out.c()), -9, 9, 4).values());
        float[] dbeta = RawOutput.floats(HostTensor.random(Shape.matrix(1, out.c()), -9, 9, 5).values());

        HostFilter dw;
        Variant filter;
        try (FusedStemBackward op = new FusedStemBackward(device, spec, type)) {
            filter = op.filterVariant();
            DeviceBuffer made = Poisoned.floats(device, stored(spec));
            DeviceBuffer tickets = Poisoned.tickets(device, op.tickets());
            op.enqueue(g.pointer(), y.y().pointer(), y.table().pointer(), RawOutput.upload(device, y.sums(dgamma, dbeta)).pointer(), x.pointer(),
                    made.pointer(), Poisoned.buffer(device, op.workspaceBytes()).pointer(), tickets.pointer(), stream.handle());
            assertThat(tickets.readInts(0, op.tickets())).as("tickets").containsOnly(0);
            dw = HostFilter.download(made, spec);
        }

        DeviceBuffer dy = Poisoned.buffer(device, out, type);
        new BatchNorm(device, out, type, Activation.RELU6, RawOutput.EPSILON, 0).backwardData(y.y().pointer(), g.pointer(), y.table().pointer(),
                y.gamma().pointer(), RawOutput.upload(device, dgamma).pointer(), RawOutput.upload(device, dbeta).pointer(), dy.pointer(), stream.handle());
        Conv conv = new Conv(device, spec, type, filter);
        DeviceBuffer plain = Poisoned.floats(device, stored(spec));
        conv.backwardFilter(x.pointer(), dy.pointer(), plain.pointer(), Poisoned.buffer(device, conv.workspaceBytes()).pointer(), stream.handle());
        Expect.same(dw, HostFilter.download(plain, spec), "dw");
    }

    private static int stored(ConvSpec spec) {
        return (int) FusedProblem.filterElements(spec);
    }

    private static DeviceBuffer zeros(Device device, int count) {
        DeviceBuffer buffer = device.allocate((long) count * Float.BYTES, "zeros");
        buffer.zero();
        return buffer;
    }
}
