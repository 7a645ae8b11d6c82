package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Products;
import separable.spec.Shape;

/** Which tile a pointwise product takes, for a device that need not be there. */
class GemmTileTest {

    private static final int MULTIPROCESSORS = 132;

    private static String tile(int rows, int width, int depth, DType type, Products products) {
        return GemmTile.forProduct(GemmTile.fusedTiles(type, products), rows, width, depth, MULTIPROCESSORS).get(0).label();
    }

    /** Layers of MobileNetV1, then V2, at a resolution of 224 and a batch of 256: forward, and the gradient of the input. */
    @ParameterizedTest
    @CsvSource({"112, 32, 64, 64x64, 128x32", "56, 128, 128, 64x64, 64x64", "28, 256, 256, 128x128, 128x128", "14, 256, 512, 128x128, 128x128",
            "14, 512, 512, 128x128, 128x128", "7, 512, 1024, 128x128, 128x128", "7, 1024, 1024, 128x128, 128x128",
            "112, 32, 16, 128x16, 128x32", "56, 24, 144, 128x32, 128x32", "14, 96, 576, 64x64, 128x32", "7, 160, 960, 128x128, 128x32",
            "7, 960, 160, 128x32, 128x128", "7, 960, 320, 64x64, 128x128", "7, 320, 1280, 128x128, 64x64"})
    void wideLayersWithDeepSumsTakeTheLargeTile(int side, int cin, int cout, String forward, String backward) {
        int rows = 256 * side * side;
        assertThat(tile(rows, cout, cin, DType.BF16, Products.EXACT)).as("forward").isEqualTo(forward);
        assertThat(tile(rows, cin, cout, DType.F16, Products.EXACT)).as("gradient of the input").isEqualTo(backward);
    }

    /** Large tiles would leave most of the device without one. */
    @Test
    void fewRowsTakeSmallTiles() {
        assertThat(tile(4 * 7 * 7, 1024, 1024, DType.BF16, Products.EXACT)).isNotEqualTo("128x128");
        assertThat(tile(14 * 14, 512, 512, DType.BF16, Products.EXACT)).isNotEqualTo("128x128");
        assertThat(tile(128, 512, 512, DType.F32, Products.EXACT)).isNotEqualTo("128x128");
    }

    /** Of more rows they would only be read for more often, however well their blocks share the device. */
    @ParameterizedTest
    @EnumSource(DType.class)
    void flatTilesAreForFewRowsOnly(DType type) {
        assertThat(tile(8 * 7 * 7, 1280, 320, type, Products.EXACT)).isNotEqualTo("32x128");
        assertThat(tile(32 * 7 * 7, 1024, 1024, type, Products.EXACT)).isNotEqualTo("32x128");
    }

    /** Of 32 rows a tile of 64 would be half empty; where there are multiprocessors enough, more blocks are worth that. */
    @ParameterizedTest
    @EnumSource(DType.class)
    void ofAFewRowsTilesAreFlatWhereMultiprocessorsAreFew(DType type) {
        List<GemmTile> tiles = GemmTile.fusedTiles(type, Products.EXACT);
        assertThat(GemmTile.forProduct(tiles, 32, 512, 512, 2).get(0).label()).isEqualTo("32x128");
        assertThat(GemmTile.forProduct(tiles, 64, 512, 512, 2).get(0).label()).isEqualTo("64x64");
        assertThat(tile(32, 512, 512, type, Products.EXACT)).isNotEqualTo("32x128");
    }

    /** Its operands of four bytes fit no block's shared memory on tensor cores. */
    @Test
    void tf32HasNoLargeTile() {
        assertThat(tile(256 * 14 * 14, 512, 512, DType.F32, Products.TF32)).isEqualTo("64x64 tf32");
    }

    /** On ordinary lanes the fused schedule makes fewer values again in wide tiles; plain products, which make none, have none so wide. */
    @Test
    void onOrdinaryLanesOnlyTheFusedScheduleHasTheLargeTile() {
        assertThat(tile(256 * 14 * 14, 512, 512, DType.F32, Products.EXACT)).isEqualTo("128x128");
        assertThat(tile(256 * 14 * 14, 64, 512, DType.F32, Products.EXACT)).isEqualTo("128x64");
        assertThat(tile(256 * 56 * 56, 128, 64, DType.F32, Products.EXACT)).as("shallow sums").isEqualTo("128x64");
        assertThat(GemmTile.pointwiseTiles(DType.F32, Products.EXACT)).extracting(GemmTile::label).doesNotContain("128x128");
    }

    /** The roles of a backward pass are played by the same blocks. */
    @Test
    void bothRolesHaveAsManyThreads() {
        for (DType type : DType.values()) {
            for (Products products : type == DType.F32 ? Products.values() : new Products[] {Products.EXACT}) {
                for (GemmTile tile : GemmTile.fusedTiles(type, products)) {
                    assertThat(tile.filterBeside(type).threads()).as(tile.label()).isEqualTo(tile.threads());
                }
            }
        }
    }

    /** Stems of width 0.25 have 8 channels, of 0.5 and V2's 0.35 sixteen, of 1.0 thirty-two; their pictures three, or one. */
    @ParameterizedTest
    @CsvSource({"F32, 8, 256x8", "F32, 16, 256x16", "F32, 32, 128x32", "BF16, 8, 128x16", "BF16, 16, 128x16", "BF16, 32, 128x32"})
    void stemsTakeTilesAsNarrowAsTheyAre(DType type, int channels, String tile) {
        assertThat(GemmTile.forData(GemmTile.stemTiles(type), 256 * 112 * 112, channels, MULTIPROCESSORS).get(0).label()).isEqualTo(tile);
    }

    @ParameterizedTest
    @CsvSource({"F32, 8, 27, 16x16", "F32, 32, 27, 32x32", "BF16, 32, 27, 32x32", "BF16, 16, 9, 16x16"})
    void filtersOfStemsTakeTilesAsSmallAsTheyAre(DType type, int channels, int columns, String tile) {
        assertThat(GemmTile.forFilter(GemmTile.stemFilterTiles(type), channels, columns).get(0).label()).isEqualTo(tile);
    }

    /** Layers whose gradients are two roles of a launch: 128x32 would suit 160 channels, but not the filter beside it. */
    @ParameterizedTest
    @CsvSource({"14, 512, 512, 128x128", "7, 1024, 1024, 128x128", "7, 160, 960, 64x64", "7, 960, 320, 128x128", "56, 24, 144, 128x32", "112, 16, 8, 128x16"})
    void theTileSuitsBothGradients(int side, int cin, int cout, String tile) {
        ConvSpec spec = ConvSpec.pointwise(new Shape(256, side, side, cin), cout);
        assertThat(DualGrid.tile(GemmTile.fusedTiles(DType.BF16, Products.EXACT), spec, DType.BF16, MULTIPROCESSORS).label()).isEqualTo(tile);
    }

    /** V1's 512 channels at 14x14: one block a multiprocessor, half of them for either gradient. */
    @Test
    void largeTilesOfBothGradientsFillTheDeviceOnce() {
        GemmTile tile = GemmTile.fusedPoolTiles(DType.BF16, Products.EXACT).stream().filter(each -> each.label().equals("128x128")).findFirst().orElseThrow();
        DualGrid grid = DualGrid.of(tile, ConvSpec.pointwise(new Shape(256, 14, 14, 512), 512), DType.BF16, MULTIPROCESSORS);
        assertThat(List.of(grid.filter().tiles(), grid.filter().splits(), grid.data().parts(), grid.data().columnTiles())).isEqualTo(List.of(16, 4, 17, 4));
    }
}
