package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Products;
import separable.spec.Shape;
import separable.testing.DeviceExtension;

/** How persistent products fill a device: layers at a resolution of 224 and a batch of 256 on one of 132 multiprocessors. */
@ExtendWith(DeviceExtension.class)
class FusedGridTest {

    private static final int MULTIPROCESSORS = 132;
    private static final GemmTile WIDE = GemmTile.fusedTiles(DType.BF16, Products.EXACT).get(0);

    @ParameterizedTest
    @CsvSource({"112, 64, 3", "56, 128, 3", "28, 256, 3", "14, 512, 3", "7, 1024, 3", "14, 96, 2", "7, 1280, 2", "7, 320, 4"})
    void aForwardPassRunsAllAtOnceAndLeavesLittleIdle(int side, int channels, int residents) {
        int most = residents * MULTIPROCESSORS;
        Shape output = new Shape(256, side, side, channels);
        FusedGrid grid = FusedGrid.of(WIDE, output, most);
        int rowTiles = VectorGrid.blocks(output.rows(), WIDE.rows());
        int share = VectorGrid.blocks(rowTiles, grid.parts());
        assertThat(grid.ctas()).isLessThanOrEqualTo(most);
        assertThat(VectorGrid.blocks(rowTiles, share)).as("parts of one length").isEqualTo(grid.parts());
        assertThat((share - 1) * (most / grid.columnTiles())).as("tiles that shorter parts could take").isLessThan(rowTiles);
    }

    @Test
    void moreColumnTilesThanTheDeviceHoldsHaveOnePartEach() {
        FusedGrid grid = FusedGrid.of(WIDE, new Shape(256, 7, 7, 1024), 8);
        assertThat(grid.parts()).isEqualTo(1);
        assertThat(grid.columnTiles()).isEqualTo(16);
    }

    /** Both roles have the same work: neither may have much less than half of what runs at once. */
    @ParameterizedTest
    @CsvSource({"14, 512, 512, 1", "7, 512, 1024, 1", "7, 1024, 1024, 2", "7, 160, 960, 1", "7, 960, 320, 1", "7, 320, 1280, 1", "14, 576, 160, 1"})
    void theRolesOfABackwardPassShareTheDevice(int side, int cin, int cout, int waves) {
        int most = 2 * MULTIPROCESSORS;
        DualGrid grid = DualGrid.of(WIDE, ConvSpec.pointwise(new Shape(256, side, side, cin), cout), DType.BF16, most);
        int filters = grid.filter().tiles() * grid.filter().splits();
        assertThat(grid.ctas()).isBetween(most * waves * 3 / 4, most * waves);
        assertThat(filters).as("CTAs of the filter").isBetween(most * waves * 3 / 8, most * waves * 5 / 8);
        assertThat(grid.data().ctas()).as("CTAs of the data").isBetween(most * waves * 3 / 8, most * waves * 5 / 8);
    }

    /** What a grid counts on is what the driver says of the very kernel. */
    @Test
    void aGridAsksForItsOwnKernel(Device device) {
        ConvSpec spec = ConvSpec.pointwise(new Shape(8, 56, 56, 24), 64);
        for (FusedInput input : FusedInput.values()) {
            FusedGrid grid = FusedPointwiseForward.grid(device, spec, DType.BF16, Products.EXACT, input);
            int most = device.kernel(grid.tile().entry("fused_pw_" + input.name().toLowerCase(Locale.ROOT), DType.BF16))
                    .residents(grid.tile().threads(), 0);
            assertThat(grid).as("%s", input).isEqualTo(FusedGrid.of(grid.tile(), spec.output(), most));
        }
    }
}
