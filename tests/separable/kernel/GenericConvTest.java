package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import separable.spec.Shape;
import separable.testing.DeviceExtension;

@ExtendWith(DeviceExtension.class)
class GenericConvTest {

    static Stream<ConvSpec> problems() {
        Shape shape = new Shape(2, 7, 6, 12);
        return Stream.of(
                // groups from one to the channels, with and without a multiplier
                ConvSpec.full(shape, 5, 3, 1, 1, Padding.symmetric(1)),
                new ConvSpec(shape, 4, 3, 3, 1, 1, Padding.symmetric(1), 2),
                new ConvSpec(shape, 18, 3, 3, 2, 1, Padding.same(7, 6, 3, 3, 2, 1), 6),
                new ConvSpec(shape, 24, 3, 3, 1, 1, Padding.symmetric(1), 12),
                new ConvSpec(shape, 12, 3, 3, 2, 1, Padding.symmetric(1), 12),
                // channels that fill vectors and channels that do not
                new ConvSpec(new Shape(2, 4, 5, 16), 32, 3, 3, 1, 1, Padding.symmetric(1), 2),
                ConvSpec.depthwise(new Shape(3, 5, 4, 1), 3, 1, 1, Padding.symmetric(1)),
                ConvSpec.pointwise(new Shape(2, 3, 3, 9), 17),
                // one pixel; windows larger than the picture; asymmetric filters and padding; strides beyond the filter; dilation
                ConvSpec.full(new Shape(4, 1, 1, 7), 3, 5, 1, 1, Padding.symmetric(2)),
                new ConvSpec(shape, 6, 1, 4, 3, 1, new Padding(0, 3, 2, 1), 3),
                new ConvSpec(shape, 6, 2, 1, 4, 1, new Padding(5, 0, 0, 6), 1),
                new ConvSpec(shape, 12, 2, 3, 3, 2, new Padding(2, 0, 0, 1), 12),
                new ConvSpec(shape, 8, 7, 5, 2, 2, Padding.same(7, 6, 7, 5, 2, 2), 4),
                // more pixels than a block of the filter gradient has threads
                new ConvSpec(new Shape(3, 13, 11, 4), 4, 3, 3, 1, 1, Padding.symmetric(1), 2));
    }

    @ParameterizedTest
    @MethodSource("problems")
    void matchesPlainLoops(ConvSpec spec, Device device) {
        for (Layout layout : Layout.values()) {
            for (DType type : DType.values()) {
                ConvProblem problem = ConvProblem.random(spec, type, layout);
                GenericConv conv = new GenericConv(device, spec, type, layout);
                problem.checkForward(device, conv::forward);
                problem.checkBackwardData(device, conv::backwardData);
                problem.checkBackwardFilter(device, conv.filterElements(), conv.workspaceBytes(), conv.tickets(), conv::backwardFilter);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Layout.class)
    void gradientsMatchFiniteDifferences(Layout layout, Device device) {
        ConvSpec spec = new ConvSpec(new Shape(2, 4, 5, 6), 4, 3, 2, 2, 1, Padding.same(4, 5, 3, 2, 2, 1), 2);
        ConvProblem problem = ConvProblem.random(spec, DType.F32, layout);
        GenericConv conv = new GenericConv(device, spec, DType.F32, layout);
        problem.checkFiniteDifferences(device, conv::backwardData, conv.filterElements(), conv.workspaceBytes(), conv.tickets(),
                conv::backwardFilter);
    }

    @ParameterizedTest
    @EnumSource(Layout.class)
    void givesTheNumbersComputedByHand(Layout layout, Device device) {
        for (DType type : DType.values()) {
            HandNumbers numbers = new HandNumbers(type, layout);
            numbers.check(device, new GenericConv(device, numbers.spec(), type, layout)::forward);
        }
    }

    @Test
    void refusesWhatCannotBeIndexed(Device device) {
        ConvSpec spec = ConvSpec.pointwise(Shape.matrix(1, 1 << 16), 1 << 16);
        assertThat(GenericConv.supports(spec, DType.BF16)).isFalse();
        assertThatThrownBy(() -> new GenericConv(device, spec, DType.BF16, Layout.NCHW)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("generic convolution cannot compute " + spec).hasMessageContaining("4294967296 elements");
    }
}
