package separable.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
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
class DepthwiseNchwTest {

    @ParameterizedTest
    @EnumSource(DType.class)
    void givesTheNumbersComputedByHand(DType type, Device device) {
        HandNumbers numbers = new HandNumbers(type, Layout.NCHW);
        try (DepthwiseConv conv = new DepthwiseConv(device, numbers.spec(), type, Layout.NCHW)) {
            numbers.check(device, conv::forward);
        }
    }

    /** The filters with kernels of their own and some without, over planes of which several, one or a part fill a block. */
    static Stream<Arguments> filters() {
        return Stream.of(DType.values()).flatMap(type -> Stream.of(2, 3, 5, 7).flatMap(kernel ->
                Stream.of(1, 2, 3).map(stride -> Arguments.of(kernel, stride, type))));
    }

    @ParameterizedTest
    @MethodSource("filters")
    void agreesWithPlainLoops(int kernel, int stride, DType type, Device device) {
        for (Shape shape : List.of(new Shape(2, 1, 1, 5), new Shape(3, 5, 6, 19), new Shape(5, 7, 7, 8), new Shape(2, 14, 13, 3))) {
            check(ConvSpec.depthwise(shape, kernel, stride, 1, Padding.symmetric(kernel / 2)), type, device);
            check(ConvSpec.depthwise(shape, kernel, stride, 1, Padding.same(shape.h(), shape.w(), kernel, kernel, stride, 1)), type, device);
        }
    }

    static Stream<Arguments> unusual() {
        List<ConvSpec> specs = new ArrayList<>();
        Shape shape = new Shape(2, 9, 6, 7);
        specs.add(ConvSpec.depthwise(shape, 3, 1, 2, Padding.symmetric(2)));
        specs.add(new ConvSpec(shape, 7, 3, 1, 2, 1, new Padding(1, 0, 1, 0), 7));
        // Padding that differs by side, is wider than the filter, or leaves pixels of the input without a reader.
        for (int kernel : new int[] {3, 5}) {
            for (int stride : new int[] {1, 2}) {
                specs.add(ConvSpec.depthwise(shape, kernel, stride, 1, new Padding(0, 1, 3, 2)));
                specs.add(ConvSpec.depthwise(shape, kernel, stride, 1, new Padding(6, 7, 6, 5)));
                specs.add(ConvSpec.depthwise(shape, kernel, stride, 1, Padding.NONE));
                specs.add(ConvSpec.depthwise(new Shape(2, 13, 7, 3), kernel, stride, 1, new Padding(0, 0, 24, 24)));
                // A plane in bands; many small planes; one image with as many threads side by side as a block has.
                specs.add(ConvSpec.depthwise(new Shape(2, 75, 83, 2), kernel, stride, 1, Padding.symmetric(kernel / 2)));
                specs.add(ConvSpec.depthwise(new Shape(2, 8, 10, 32), kernel, stride, 1, Padding.NONE));
                specs.add(ConvSpec.depthwise(new Shape(17, 3, 4, 33), kernel, stride, 1, Padding.symmetric(kernel / 2)));
                specs.add(ConvSpec.depthwise(new Shape(1, 21, 300, 1), kernel, stride, 1, Padding.same(21, 300, kernel, kernel, stride, 1)));
            }
        }
        // Rows too wide for shared memory.
        specs.add(ConvSpec.depthwise(new Shape(1, 6, 30000, 1), 3, 1, 1, Padding.symmetric(1)));
        return Stream.of(DType.values()).flatMap(type -> specs.stream().map(spec -> Arguments.of(spec, type)));
    }

    @ParameterizedTest
    @MethodSource("unusual")
    void agreesWithPlainLoopsOnUnusualProblems(ConvSpec spec, DType type, Device device) {
        check(spec, type, device);
    }

    private static void check(ConvSpec spec, DType type, Device device) {
        ConvProblem problem = ConvProblem.random(spec, type, Layout.NCHW);
        try (DepthwiseConv conv = new DepthwiseConv(device, spec, type, Layout.NCHW)) {
            problem.checkForward(device, conv::forward);
            problem.checkBackwardData(device, conv::backwardData);
            problem.checkBackwardFilter(device, conv.filterElements(), conv.workspaceBytes(), conv.tickets(), conv::backwardFilter);
        }
    }

    static Stream<ConvSpec> differentiated() {
        Shape shape = new Shape(2, 6, 5, 3);
        return Stream.of(ConvSpec.depthwise(shape, 3, 1, 1, Padding.symmetric(1)),
                ConvSpec.depthwise(shape, 3, 2, 1, Padding.same(6, 5, 3, 3, 2, 1)),
                ConvSpec.depthwise(shape, 5, 1, 1, Padding.symmetric(2)),
                ConvSpec.depthwise(shape, 5, 2, 1, Padding.symmetric(2)),
                ConvSpec.depthwise(shape, 2, 3, 2, Padding.symmetric(1)));
    }

    @ParameterizedTest
    @MethodSource("differentiated")
    void gradientsAreThoseOfFiniteDifferences(ConvSpec spec, Device device) {
        try (DepthwiseConv conv = new DepthwiseConv(device, spec, DType.F32, Layout.NCHW)) {
            ConvProblem.random(spec, DType.F32, Layout.NCHW).checkFiniteDifferences(device, conv::backwardData,
                    conv.filterElements(), conv.workspaceBytes(), conv.tickets(), conv::backwardFilter);
        }
    }
}
