package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Shape;
import separable.testing.DeviceExtension;

/** That {@code supports} keeps its word where grids and 32-bit indices end. Nothing is computed, so that no operands are needed. */
@ExtendWith(DeviceExtension.class)
class ConvLimitsTest {

    private static final Shape POINT = Shape.matrix(1, 8);
    private static final Shape GREY = new Shape(1, 4, 4, 1);

    /** Of grids that may have 2^31 - 1 blocks along x and 65,535 along y and z. */
    static Stream<ConvSpec> extremes() {
        Shape manyChannels = Shape.matrix(1, 17_000_000);
        Shape manyInputs = Shape.matrix(1, 5_000_000);
        return Stream.of(
                ConvSpec.depthwise(POINT, 255, 1, 1, Padding.symmetric(127)),
                ConvSpec.depthwise(POINT, 257, 1, 1, Padding.symmetric(128)),
                new ConvSpec(POINT, 8, 66_000, 1, 1, 1, new Padding(33_000, 0, 32_999, 0), 8),
                ConvSpec.depthwise(manyChannels, 1, 1, 1, Padding.NONE),
                ConvSpec.depthwise(manyChannels, 3, 1, 1, Padding.symmetric(1)),
                ConvSpec.depthwise(new Shape(70_000, 1, 1, 8), 5, 1, 1, Padding.symmetric(2)),
                ConvSpec.pointwise(POINT, 600_000), ConvSpec.pointwise(POINT, 5_000_000),
                ConvSpec.pointwise(manyInputs, 8),
                ConvSpec.full(POINT, 5_000_000, 3, 1, 1, Padding.symmetric(1)),
                ConvSpec.full(manyInputs, 8, 3, 1, 1, Padding.symmetric(1)),
                ConvSpec.full(Shape.matrix(1, 3), 600_000, 3, 1, 1, Padding.symmetric(1)),
                ConvSpec.full(Shape.matrix(1, 3), 2_200_000, 3, 1, 1, Padding.symmetric(1)));
    }

    @ParameterizedTest
    @MethodSource("extremes")
    void whatIsSupportedCanBeMadeInEveryVariant(ConvSpec spec, Device device) {
        for (DType type : DType.values()) {
            for (Layout layout : Layout.values()) {
                assertThat(GenericConv.supports(spec, type, layout)).isTrue();
                ConvContender.supporting(device, spec, type, layout).forEach(contender -> {
                    try (contender) {
                        assertThat(contender.filterElements()).isPositive();
                    } catch (Exception failure) {
                        throw new AssertionError(contender.name() + " of " + spec, failure);
                    }
                });
            }
            for (Pass pass : Pass.values()) {
                makeEveryVariant(device, spec, type, pass);
            }
        }
    }

    private static void makeEveryVariant(Device device, ConvSpec spec, DType type, Pass pass) {
        if (DepthwiseConv.supports(spec, type, Layout.PADDED_NHWC)) {
            DepthwiseConv.variants(device, spec, type, pass).forEach(variant -> new DepthwiseConv(device, spec, type, variant).close());
        }
        if (PointwiseConv.supports(spec, type, Layout.PADDED_NHWC)) {
            PointwiseConv.variants(device, spec, type, pass).forEach(variant -> new PointwiseConv(device, spec, type, variant).close());
        }
        if (Conv.supports(spec, type, Layout.PADDED_NHWC)) {
            Conv.variants(device, spec, type, pass).forEach(variant -> new Conv(device, spec, type, variant).close());
        }
    }

    /** The classes give up no sooner than they must. */
    @Test
    void theLargestThatFitIsSupported() {
        assertThat(DepthwiseConv.supports(ConvSpec.depthwise(POINT, 255, 1, 1, Padding.symmetric(127)), DType.F32)).isTrue();
        assertThat(PointwiseConv.supports(ConvSpec.pointwise(POINT, 65_535 * 64), DType.F32)).isTrue();
        assertThat(PointwiseConv.supports(ConvSpec.pointwise(POINT, 65_535 * 64 + 8), DType.F32)).isFalse();
        assertThat(Conv.supports(ConvSpec.full(Shape.matrix(1, 3), 65_535 * 32, 3, 1, 1, Padding.symmetric(1)), DType.BF16, Layout.PADDED_NHWC)).isTrue();
        assertThat(DepthwiseConv.supports(ConvSpec.depthwise(POINT, 257, 1, 1, Padding.symmetric(128)), DType.F32, Layout.NCHW)).isTrue();
    }

    /** More filter elements than an int counts, and more than a long does. */
    static Stream<ConvSpec> filtersBeyond32Bits() {
        return Stream.of(
                new ConvSpec(POINT, 8, 40_000, 7_000, 1, 1, new Padding(20_000, 3_500, 19_999, 3_499), 8),
                new ConvSpec(POINT, 8, 1 << 30, 1 << 30, 1, 1, new Padding(1 << 29, 1 << 29, (1 << 29) - 1, (1 << 29) - 1), 8),
                new ConvSpec(POINT, 8, 1 << 30, 1 << 30, 1, 1, new Padding(1 << 29, 1 << 29, (1 << 29) - 1, (1 << 29) - 1), 1));
    }

    @ParameterizedTest
    @MethodSource("filtersBeyond32Bits")
    void noClassSupportsMoreFilterElementsThanItCanIndex(ConvSpec spec, Device device) {
        for (Layout layout : Layout.values()) {
            assertThat(List.of(DepthwiseConv.supports(spec, DType.F32, layout), PointwiseConv.supports(spec, DType.F32, layout),
                    Conv.supports(spec, DType.F32, layout), GenericConv.supports(spec, DType.F32, layout))).containsOnly(false);
            assertThatThrownBy(() -> new GenericConv(device, spec, DType.F32, layout)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("at most 2147483647");
        }
    }

    /** Such a filter lies in memory as a depthwise one, which the matrix products do not read. */
    @ParameterizedTest
    @EnumSource(Layout.class)
    void fromOneChannelToOneADepthwiseConvolutionIsNeeded(Layout layout, Device device) {
        ConvSpec point = ConvSpec.pointwise(GREY, 1);
        ConvSpec full = ConvSpec.full(GREY, 1, 3, 1, 1, Padding.symmetric(1));
        assertThat(PointwiseConv.supports(point, DType.F32, layout)).isFalse();
        assertThat(Conv.supports(point, DType.F32, layout)).isFalse();
        assertThat(Conv.supports(full, DType.F32, layout)).isFalse();
        assertThatThrownBy(() -> new PointwiseConv(device, point, DType.F32, layout))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("use DepthwiseConv");
        assertThatThrownBy(() -> new Conv(device, full, DType.F32, layout))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("use DepthwiseConv");
    }
}
