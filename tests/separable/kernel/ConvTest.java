package separable.kernel;

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
import separable.spec.Padding;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;

@ExtendWith(DeviceExtension.class)
class ConvTest {

    static Stream<ConvSpec> problems() {
        return Stream.of(
                // the stem: symmetric and SAME padding, both strides
                ConvSpec.full(new Shape(2, 9, 7, 3), 10, 3, 1, 1, Padding.symmetric(1)),
                ConvSpec.full(new Shape(2, 8, 8, 3), 40, 3, 2, 1, Padding.same(8, 8, 3, 3, 2, 1)),
                ConvSpec.full(new Shape(1, 9, 11, 3), 17, 3, 2, 1, Padding.symmetric(1)),
                ConvSpec.full(new Shape(5, 6, 6, 1), 8, 3, 1, 1, Padding.symmetric(1)),
                // other kernels, strides and dilations
                ConvSpec.full(new Shape(1, 9, 11, 17), 10, 5, 2, 1, Padding.symmetric(2)),
                ConvSpec.full(new Shape(2, 9, 9, 10), 72, 2, 1, 2, Padding.symmetric(1)),
                ConvSpec.full(new Shape(1, 10, 9, 8), 16, 3, 3, 2, Padding.same(10, 9, 3, 3, 3, 2)),
                ConvSpec.full(new Shape(3, 7, 7, 8), 24, 1, 2, 1, Padding.NONE),
                ConvSpec.full(new Shape(2, 5, 5, 40), 17, 1, 1, 1, Padding.NONE),
                new ConvSpec(new Shape(3, 9, 7, 8), 16, 3, 1, 3, 1, new Padding(1, 0, 0, 0), 1),
                // one output pixel; a window larger than the picture
                ConvSpec.full(new Shape(1, 3, 3, 8), 3, 3, 1, 1, Padding.NONE),
                ConvSpec.full(new Shape(2, 1, 1, 3), 8, 5, 1, 1, Padding.symmetric(2)));
    }

    @ParameterizedTest
    @MethodSource("problems")
    void matchesPlainLoops(ConvSpec spec, Device device) {
        for (DType type : DType.values()) {
            ConvProblem problem = ConvProblem.random(spec, type);
            Conv conv = new Conv(device, spec, type);
            problem.checkForward(device, conv::forward);
            problem.checkBackwardData(device, conv::backwardData);
            problem.checkBackwardFilter(device, conv.filterElements(), conv.workspaceBytes(), conv.tickets(), conv::backwardFilter);
        }
    }

    /** Every kernel, not only those the chooser takes for the problems above; ragged in all three extents. */
    @ParameterizedTest
    @EnumSource(DType.class)
    void everyTileIsRight(DType type, Device device) {
        everyTileIsRight(device, ConvSpec.full(new Shape(1, 23, 15, 24), 72, 3, 1, 1, Padding.symmetric(1)), type,
                GemmTile.dataTiles(type), GemmTile.filterTiles(type));
        everyTileIsRight(device, ConvSpec.full(new Shape(1, 23, 15, 3), 40, 3, 1, 1, Padding.symmetric(1)), type,
                GemmTile.narrow(GemmTile.dataTiles(type)), GemmTile.narrow(GemmTile.filterTiles(type)));
    }

    private static void everyTileIsRight(Device device, ConvSpec spec, DType type, List<GemmTile> dataTiles, List<GemmTile> filterTiles) {
        ConvProblem problem = ConvProblem.random(spec, type);
        for (GemmTile tile : dataTiles) {
            Conv conv = new Conv(device, spec, type, new ConvTiles(tile, tile, filterTiles.get(0)));
            problem.checkForward(device, conv::forward);
            problem.checkBackwardData(device, conv::backwardData);
        }
        for (GemmTile tile : filterTiles) {
            Conv conv = new Conv(device, spec, type, new ConvTiles(dataTiles.get(0), dataTiles.get(0), tile));
            problem.checkBackwardFilter(device, conv.filterElements(), conv.workspaceBytes(), conv.tickets(), conv::backwardFilter);
        }
    }

    /** More pixels than one tile has, so that the depth of the filter gradient is split. */
    @Test
    void aStemOverManyPixels(Device device) {
        ConvSpec spec = ConvSpec.full(new Shape(6, 29, 27, 1), 8, 3, 1, 1, Padding.symmetric(1));
        for (DType type : DType.values()) {
            ConvProblem problem = ConvProblem.random(spec, type);
            Conv conv = new Conv(device, spec, type);
            problem.checkForward(device, conv::forward);
            problem.checkBackwardFilter(device, conv.filterElements(), conv.workspaceBytes(), conv.tickets(), conv::backwardFilter);
        }
    }

    @Test
    void gradientsMatchFiniteDifferences(Device device) {
        ConvSpec spec = ConvSpec.full(new Shape(2, 4, 5, 3), 2, 3, 2, 1, Padding.same(4, 5, 3, 3, 2, 1));
        ConvProblem problem = ConvProblem.random(spec, DType.F32);
        Conv conv = new Conv(device, spec, DType.F32);
        problem.checkFiniteDifferences(device, conv::backwardData, conv.filterElements(), conv.workspaceBytes(), conv.tickets(), conv::backwardFilter);
    }

    /** Both are matrix products over the same numbers in the same order, so they agree to the bit. */
    @Test
    void aPointwiseProblemGivesTheBitsOfPointwiseConv(Device device) {
        ConvSpec spec = ConvSpec.pointwise(new Shape(2, 9, 8, 24), 16);
        for (DType type : DType.values()) {
            ConvProblem problem = ConvProblem.random(spec, type);
            Conv conv = new Conv(device, spec, type);
            PointwiseConv pointwise = new PointwiseConv(device, spec, type);
            Expect.same(problem.forward(device, conv::forward), problem.forward(device, pointwise::forward), "y");
            Expect.same(problem.backwardData(device, conv::backwardData), problem.backwardData(device, pointwise::backwardData), "dx");
        }
    }

    @Test
    void refusesGroups(Device device) {
        ConvSpec spec = new ConvSpec(new Shape(1, 8, 8, 16), 16, 3, 3, 1, 1, Padding.symmetric(1), 2);
        assertThatThrownBy(() -> new Conv(device, spec, DType.BF16)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("general convolution cannot compute " + spec);
    }
}
