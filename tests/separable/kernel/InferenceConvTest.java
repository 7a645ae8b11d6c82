package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import jcuda.driver.CUdeviceptr;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Products;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.HostFilter;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

/** Convolution, bias, activation and residual in one launch, against plain loops in double precision. */
@ExtendWith(DeviceExtension.class)
class InferenceConvTest {

    static Stream<ConvSpec> problems() {
        return Stream.of(
                // strips of all four kinds, both paddings, ragged widths, one pixel
                ConvSpec.depthwise(new Shape(2, 7, 9, 17), 3, 1, 1, Padding.symmetric(1)),
                ConvSpec.depthwise(new Shape(1, 8, 10, 40), 3, 2, 1, Padding.same(8, 10, 3, 3, 2, 1)),
                ConvSpec.depthwise(new Shape(3, 5, 6, 8), 5, 1, 1, Padding.symmetric(2)),
                ConvSpec.depthwise(new Shape(2, 11, 7, 136), 5, 2, 1, Padding.symmetric(2)),
                ConvSpec.depthwise(new Shape(1, 1, 1, 8), 3, 1, 1, Padding.symmetric(1)),
                // any filter
                ConvSpec.depthwise(new Shape(2, 9, 8, 24), 3, 2, 2, Padding.symmetric(2)),
                ConvSpec.depthwise(new Shape(1, 6, 7, 10), 7, 3, 1, Padding.same(6, 7, 7, 7, 3, 1)),
                // pointwise and dense
                ConvSpec.pointwise(new Shape(3, 5, 7, 40), 24),
                ConvSpec.pointwise(new Shape(2, 9, 9, 10), 72),
                ConvSpec.pointwise(new Shape(1, 13, 11, 64), 136),
                ConvSpec.pointwise(Shape.matrix(5, 17), 10),
                // stems of few channels, and patches
                ConvSpec.full(new Shape(2, 8, 8, 3), 40, 3, 2, 1, Padding.same(8, 8, 3, 3, 2, 1)),
                ConvSpec.full(new Shape(1, 9, 11, 3), 17, 3, 2, 1, Padding.symmetric(1)),
                ConvSpec.full(new Shape(5, 6, 6, 1), 8, 3, 1, 1, Padding.symmetric(1)),
                ConvSpec.full(new Shape(2, 9, 9, 10), 72, 2, 1, 2, Padding.symmetric(1)),
                ConvSpec.full(new Shape(3, 7, 7, 8), 24, 1, 2, 1, Padding.NONE));
    }

    /** Operands of one problem, rounded as the device gets them. */
    private record Problem(ConvSpec spec, DType type, HostTensor x, HostFilter w, HostTensor bias, HostTensor skip) {

        static Problem random(ConvSpec spec, DType type) {
            Shape perChannel = Shape.matrix(1, spec.outputChannels());
            return new Problem(spec, type, HostTensor.random(spec.input(), 1).roundTo(type), HostFilter.random(spec, 2).roundTo(type),
                    HostTensor.random(perChannel, -2, 2, 3), HostTensor.random(spec.output(), -4, 4, 4).roundTo(type));
        }

        Problem withoutBias() {
            return new Problem(spec, type, x, w, HostTensor.zeros(bias.shape()), skip);
        }

        /** What the convolution alone gives. */
        HostTensor plain(Device device, ConvKernel conv) {
            return new ConvProblem(spec, type, Layout.PADDED_NHWC, x, w, skip).forward(device, conv::forward);
        }

        HostTensor expected(Activation activation, boolean residual) {
            HostTensor y = ConvOracle.forward(x, w);
            for (int at = 0; at < y.values().length; at++) {
                double sum = y.values()[at] + bias.values()[at % spec.outputChannels()];
                double active = activation == Activation.NONE ? sum : Math.max(0, activation == Activation.RELU6 ? Math.min(6, sum) : sum);
                y.values()[at] = active + (residual ? skip.values()[at] : 0);
            }
            return y;
        }

        /** @param inPlace whether the output takes the residual's place */
        HostTensor run(Device device, InferenceConv conv, boolean residual, boolean inPlace) {
            CUdeviceptr added = residual ? skip.upload(device, type).pointer() : null;
            DeviceBuffer apart = Poisoned.buffer(device, spec.output(), type);
            DeviceBuffer over = skip.upload(device, type);
            DeviceBuffer y = inPlace ? over : apart;
            try (separable.device.Stream stream = device.newStream()) {
                conv.run(x.upload(device, type).pointer(), w.upload(device, type).pointer(), bias.upload(device, DType.F32).pointer(),
                        inPlace ? y.pointer() : added, y.pointer(), stream.handle());
                stream.synchronize();
            }
            return HostTensor.download(y, spec.output(), type);
        }
    }

    @ParameterizedTest
    @MethodSource("problems")
    void matchesPlainLoops(ConvSpec spec, Device device) {
        for (DType type : DType.values()) {
            Problem problem = Problem.random(spec, type);
            for (Activation activation : Activation.values()) {
                boolean residual = activation != Activation.RELU;
                HostTensor y = problem.run(device, new InferenceConv(device, spec, type, activation, residual), residual, false);
                Expect.close(y, problem.expected(activation, residual), type, spec + " " + type + " " + activation);
            }
        }
    }

    /** Every kernel, not only those the chooser takes for the problems above; ragged in all three extents, and over the residual. */
    @ParameterizedTest
    @EnumSource(DType.class)
    void everyTileIsRight(DType type, Device device) {
        Shape picture = new Shape(1, 23, 15, 24);
        List<GemmTile> tiles = GemmTile.dataTiles(type);
        everyTileIsRight(device, ConvSpec.pointwise(picture, 72), type, GemmTile.pointwiseTiles(type, Products.EXACT));
        everyTileIsRight(device, ConvSpec.full(picture, 40, 3, 2, 1, Padding.symmetric(1)), type, tiles);
        everyTileIsRight(device, ConvSpec.full(new Shape(1, 23, 15, 3), 40, 3, 1, 1, Padding.symmetric(1)), type, GemmTile.narrow(tiles));
    }

    private static void everyTileIsRight(Device device, ConvSpec spec, DType type, List<GemmTile> tiles) {
        Problem problem = Problem.random(spec, type);
        HostTensor expected = problem.expected(Activation.NONE, true);
        for (GemmTile tile : tiles) {
            InferenceConv conv = new InferenceConv(device, spec, type, Activation.NONE, true, tile);
            HostTensor y = problem.run(device, conv, true, true);
            Expect.close(y, expected, type, spec + " " + tile);
            Expect.same(problem.run(device, conv, true, false), y, "apart from the residual, and once more");
        }
    }

    /** Without bias, activation and residual it is the convolution of training, to the bit. */
    @Test
    void theSumIsThatOfTheForwardPass(Device device) {
        List<ConvSpec> specs = List.of(ConvSpec.depthwise(new Shape(2, 7, 9, 24), 3, 1, 1, Padding.symmetric(1)),
                ConvSpec.pointwise(new Shape(2, 9, 8, 24), 16), ConvSpec.full(new Shape(1, 9, 9, 3), 16, 3, 2, 1, Padding.symmetric(1)));
        for (ConvSpec spec : specs) {
            for (DType type : DType.values()) {
                Problem problem = Problem.random(spec, type).withoutBias();
                HostTensor y = problem.run(device, new InferenceConv(device, spec, type, Activation.NONE, false), false, false);
                Expect.same(y, problem.plain(device, forward(device, spec, type)), spec + " " + type);
            }
        }
    }

    /** By every tile that rounds operands to tf32 too, and by the one that the rule takes among them. */
    @Test
    void theSumIsThatOfTheForwardPassInTf32(Device device) {
        ConvSpec spec = ConvSpec.pointwise(new Shape(1, 23, 29, 72), 40);
        Problem problem = Problem.random(spec, DType.F32).withoutBias();
        GemmTile filter = GemmTile.filterTiles(DType.F32, Products.TF32).get(0);
        HostTensor exact = problem.run(device, new InferenceConv(device, spec, DType.F32, Activation.NONE, false), false, false);
        for (GemmTile tile : GemmTile.dataTiles(DType.F32, Products.TF32)) {
            HostTensor y = problem.run(device, new InferenceConv(device, spec, DType.F32, Activation.NONE, false, tile), false, false);
            Expect.same(y, problem.plain(device, new PointwiseConv(device, spec, DType.F32, new ConvTiles(tile, tile, filter))), tile.label());
            assertThat(y.values()).isNotEqualTo(exact.values());
        }
        HostTensor ruled = problem.run(device, new InferenceConv(device, spec, DType.F32, Activation.NONE, false, Products.TF32), false, false);
        Expect.same(ruled, problem.plain(device, new PointwiseConv(device, spec, DType.F32, Layout.PADDED_NHWC, Products.TF32)), "by rule");
    }

    private static ConvKernel forward(Device device, ConvSpec spec, DType type) {
        return spec.isDepthwise() ? new DepthwiseConv(device, spec, type)
                : spec.isPointwise() ? new PointwiseConv(device, spec, type) : new Conv(device, spec, type);
    }

    @Test
    void refusesGroups(Device device) {
        ConvSpec spec = new ConvSpec(new Shape(1, 8, 8, 16), 16, 3, 3, 1, 1, Padding.symmetric(1), 2);
        assertThat(InferenceConv.supports(spec, DType.F32)).isFalse();
        assertThatThrownBy(() -> new InferenceConv(device, spec, DType.F32, Activation.NONE, false)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("an inference convolution cannot compute " + spec);
    }
}
