package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.KernelModule;
import separable.device.Launch;
import separable.device.Stream;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Padding;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostFilter;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

/**
 * The convolution cores with other functors than the plain kernels have (tests/native/fused_kernels.cu): batch normalisation on
 * load, sums gathered on store and folded at the end. They must equal the plain kernels one after the other, bit for bit.
 */
@ExtendWith(DeviceExtension.class)
class FusedKernelsTest {

    private static final float EPSILON = 1e-3f;

    private KernelModule fused;

    @BeforeEach
    void load(Device device) throws IOException {
        assumeTrue(device.name().startsWith("Emulated"), "the fused kernels are built for the emulated device only");
        fused = device.load(Files.readAllBytes(Path.of("target", "native", "fused_kernels.so")), "fused");
    }

    @AfterEach
    void unload() {
        if (fused != null) {
            fused.close();
        }
    }

    /** An input with a batch normalisation and ReLU6, and what the plain kernel makes of them. */
    private record Normalised(DeviceBuffer x, DeviceBuffer stats, DeviceBuffer gamma, DeviceBuffer beta, DeviceBuffer plain) {

        /** Values of every kind: {@code map} is applied to uniform ones in [-3, 3). */
        static Normalised of(Shape shape, DType type, DoubleUnaryOperator map, Device device, Stream stream) {
            Shape channels = Shape.matrix(1, shape.c());
            HostTensor stats = HostTensor.random(Shape.matrix(2, shape.c()), -1, 1, 2).map(map);
            for (int c = 0; c < shape.c(); c++) {
                stats.set(1, 0, 0, c, 1 - EPSILON + 3 * (c % 2));  // a standard deviation of one or two
            }
            Normalised made = new Normalised(HostTensor.random(shape, -3, 3, 1).map(map).roundTo(type).upload(device, type),
                    stats.upload(device, DType.F32),
                    HostTensor.random(channels, 2, 4, 3).map(map).upload(device, DType.F32),
                    HostTensor.random(channels, -1, 3, 4).map(map).upload(device, DType.F32),
                    Poisoned.buffer(device, shape, type));
            new BatchNorm(device, shape, type, Activation.RELU6, EPSILON, 0).forward(made.x.pointer(), made.stats.pointer(),
                    made.gamma.pointer(), made.beta.pointer(), made.plain.pointer(), stream.handle());
            return made;
        }
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void depthwiseNormalisesOnLoad(DType type, Device device, Stream stream) {
        Shape shape = new Shape(2, 9, 11, 20);
        ConvSpec spec = ConvSpec.depthwise(shape, 3, 1, 1, Padding.symmetric(1));
        Normalised in = Normalised.of(shape, type, v -> v, device, stream);
        DeviceBuffer w = HostFilter.random(spec, 5).roundTo(type).upload(device, type);
        DeviceBuffer expected = Poisoned.buffer(device, shape, type);
        new DepthwiseConv(device, spec, type).forward(in.plain.pointer(), w.pointer(), expected.pointer(), stream.handle());

        DeviceBuffer y = Poisoned.buffer(device, shape, type);
        int lines = shape.n() * shape.h();
        pointers(fused.kernel("dw_bn_forward_" + type.suffix()).launch(), 6)
                .grid(VectorGrid.blocks(lines * shape.channelStride() / 8, 128), 1, 1).block(128)
                .i32(shape.h()).i32(shape.w()).i32(shape.channelStride()).f32(EPSILON).f32(6).i32(lines)
                .enqueue(stream.handle(), in.x.pointer(), in.stats.pointer(), in.gamma.pointer(), in.beta.pointer(), w.pointer(),
                        y.pointer());
        Expect.same(HostTensor.download(y, shape, type), HostTensor.download(expected, shape, type), "y");
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void pointwiseNormalisesOnLoad(DType type, Device device, Stream stream) {
        checkPointwise(type, v -> v, false, device, stream);
    }

    /** Small integers, whose sums are exact in any order. */
    @ParameterizedTest
    @EnumSource(DType.class)
    void pointwiseFoldsTheSumsOfWhatItStores(DType type, Device device, Stream stream) {
        checkPointwise(type, Math::rint, true, device, stream);
    }

    private void checkPointwise(DType type, DoubleUnaryOperator map, boolean exact, Device device, Stream stream) {
        Shape shape = new Shape(2, 13, 11, 24);
        ConvSpec spec = ConvSpec.pointwise(shape, 76);
        Shape output = spec.output();
        Normalised in = Normalised.of(shape, type, map, device, stream);
        HostFilter filter = HostFilter.random(spec, 6).roundTo(type);
        for (int i = 0; i < filter.values().length; i++) {
            filter.values()[i] = map.applyAsDouble(filter.values()[i]);
        }
        DeviceBuffer w = filter.upload(device, type);
        DeviceBuffer expected = Poisoned.buffer(device, output, type);
        new PointwiseConv(device, spec, type).forward(in.plain.pointer(), w.pointer(), expected.pointer(), stream.handle());
        Bias bias = new Bias(device, output, type);
        DeviceBuffer expectedSums = Poisoned.floats(device, output.channelStride());
        bias.backward(expected.pointer(), expectedSums.pointer(), Poisoned.buffer(device, bias.workspaceBytes()).pointer(),
                Poisoned.tickets(device, bias.tickets()).pointer(), stream.handle());

        int parts = VectorGrid.blocks(shape.rows(), 64);
        int tiles = VectorGrid.blocks(output.channelStride(), 64);
        DeviceBuffer y = Poisoned.buffer(device, output, type);
        DeviceBuffer sums = Poisoned.floats(device, output.channelStride());
        DeviceBuffer tickets = Poisoned.tickets(device, tiles);
        pointers(fused.kernel("pw_bn_forward_sums_" + type.suffix()).launch(), 9)
                .grid(parts, tiles, 1).block(type == DType.F32 ? 64 : 128)
                .i32(shape.rows()).i32(shape.channelStride()).i32(output.channelStride()).f32(EPSILON).f32(6)
                .enqueue(stream.handle(), in.x.pointer(), in.stats.pointer(), in.gamma.pointer(), in.beta.pointer(), w.pointer(),
                        y.pointer(), sums.pointer(), Poisoned.floats(device, parts * output.channelStride()).pointer(),
                        tickets.pointer());
        Expect.same(HostTensor.download(y, output, type), HostTensor.download(expected, output, type), "y");
        assertThat(tickets.readInts(0, tiles)).as("tickets").containsOnly(0);
        if (exact) {
            assertThat(sums.readFloats(0, output.channelStride())).as("sums")
                    .containsExactly(expectedSums.readFloats(0, output.channelStride()));
        }
    }

    @ParameterizedTest
    @EnumSource(DType.class)
    void convolutionOfFewChannelsNormalisesOnLoad(DType type, Device device, Stream stream) {
        Shape shape = new Shape(2, 9, 11, 3);
        ConvSpec spec = ConvSpec.full(shape, 16, 3, 1, 1, Padding.symmetric(1));
        Shape output = spec.output();
        Normalised in = Normalised.of(shape, type, v -> v, device, stream);
        DeviceBuffer w = HostFilter.random(spec, 7).roundTo(type).upload(device, type);
        DeviceBuffer expected = Poisoned.buffer(device, output, type);
        new Conv(device, spec, type).forward(in.plain.pointer(), w.pointer(), expected.pointer(), stream.handle());

        DeviceBuffer y = Poisoned.buffer(device, output, type);
        pointers(fused.kernel("few_bn_forward_" + type.suffix()).launch(), 6)
                .grid(VectorGrid.blocks(output.rows(), 128), 1, 1).block(type == DType.F32 ? 64 : 128)
                .i32(shape.n()).i32(shape.h()).i32(shape.w()).i32(output.channelStride()).i32(shape.c()).f32(EPSILON).f32(6)
                .enqueue(stream.handle(), in.x.pointer(), in.stats.pointer(), in.gamma.pointer(), in.beta.pointer(), w.pointer(),
                        y.pointer());
        Expect.same(HostTensor.download(y, output, type), HostTensor.download(expected, output, type), "y");
    }

    private static Launch pointers(Launch launch, int count) {
        launch.describe("fused");
        for (int i = 0; i < count; i++) {
            launch.pointer();
        }
        return launch;
    }
}
