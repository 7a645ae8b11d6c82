package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Padding;
import separable.spec.Products;
import separable.spec.Shape;
import separable.testing.DeviceExtension;

@ExtendWith(DeviceExtension.class)
class PointwiseConvTest {

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 3, 10", "1, 1, 1, 8, 8", "5, 1, 1, 17, 40", "2, 7, 5, 8, 16", "3, 5, 7, 40, 24", "1, 13, 11, 64, 17",
        "2, 9, 9, 10, 72", "4, 8, 8, 136, 3", "1, 4, 4, 128, 256",
    })
    void matchesPlainLoops(int n, int h, int w, int cin, int cout, Device device) {
        for (DType type : DType.values()) {
            ConvSpec spec = ConvSpec.pointwise(new Shape(n, h, w, cin), cout);
            check(device, ConvProblem.random(spec, type), new PointwiseConv(device, spec, type));
        }
    }

    /** Every kernel, not only those the chooser takes for the problems above; ragged in all three extents. */
    @ParameterizedTest
    @EnumSource(DType.class)
    void everyTileIsRight(DType type, Device device) {
        ConvSpec spec = ConvSpec.pointwise(new Shape(1, 23, 29, 72), 40);
        ConvProblem problem = ConvProblem.random(spec, type);
        GemmTile filter = GemmTile.filterTiles(type).get(0);
        for (GemmTile tile : GemmTile.pointwiseTiles(type, Products.EXACT)) {
            PointwiseConv conv = new PointwiseConv(device, spec, type, new ConvTiles(tile, tile, filter));
            problem.checkForward(device, conv::forward);
            problem.checkBackwardData(device, conv::backwardData);
        }
        GemmTile data = GemmTile.dataTiles(type).get(0);
        for (GemmTile tile : GemmTile.filterTiles(type)) {
            PointwiseConv conv = new PointwiseConv(device, spec, type, new ConvTiles(data, data, tile));
            problem.checkBackwardFilter(device, conv.filterElements(), conv.workspaceBytes(), conv.tickets(), conv::backwardFilter);
        }
    }

    @Test
    void gradientsMatchFiniteDifferences(Device device) {
        ConvSpec spec = ConvSpec.pointwise(new Shape(2, 3, 1, 5), 3);
        ConvProblem problem = ConvProblem.random(spec, DType.F32);
        PointwiseConv conv = new PointwiseConv(device, spec, DType.F32);
        problem.checkFiniteDifferences(device, conv::backwardData, conv.filterElements(), conv.workspaceBytes(), conv.tickets(), conv::backwardFilter);
    }

    /** The depth of a filter gradient is shared by several blocks when the output alone has too few, and then folded. */
    @Test
    void aDeepFilterGradientIsSplit(Device device) {
        ConvSpec spec = ConvSpec.pointwise(new Shape(8, 28, 28, 8), 16);
        ConvProblem problem = ConvProblem.random(spec, DType.F32);
        PointwiseConv conv = new PointwiseConv(device, spec, DType.F32);
        assertThat(conv.workspaceBytes()).isPositive();
        problem.checkBackwardFilter(device, conv.filterElements(), conv.workspaceBytes(), conv.tickets(), conv::backwardFilter);
    }

    @Test
    void refusesWhatIsNotPointwise(Device device) {
        Shape input = new Shape(1, 8, 8, 8);
        for (ConvSpec spec : List.of(ConvSpec.full(input, 8, 3, 1, 1, Padding.symmetric(1)),
                ConvSpec.full(input, 8, 1, 2, 1, Padding.NONE), ConvSpec.depthwise(input, 1, 1, 1, Padding.NONE))) {
            assertThatThrownBy(() -> new PointwiseConv(device, spec, DType.F32)).isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("pointwise convolution cannot compute " + spec);
        }
    }

    private static void check(Device device, ConvProblem problem, PointwiseConv conv) {
        problem.checkForward(device, conv::forward);
        problem.checkBackwardData(device, conv::backwardData);
        problem.checkBackwardFilter(device, conv.filterElements(), conv.workspaceBytes(), conv.tickets(), conv::backwardFilter);
    }
}
