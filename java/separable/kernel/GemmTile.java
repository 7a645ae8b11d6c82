package separable.kernel;

import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import separable.device.Launch;
import separable.spec.DType;

/**
 * One instantiation of the matrix product: the same list as native/kernels/gemm_tiles.cuh.
 *
 * @param rows    of the output a block computes
 * @param columns of the output a block computes
 * @param depth   of the slabs the sum is taken in: parts of a split sum begin at multiples of it
 * @param threads a block
 * @param cost    time per element of the tile, relative to the widest one of its precision
 */
record GemmTile(int rows, int columns, int depth, int threads, double cost) {

    private static final List<GemmTile> F32 = List.of(
            new GemmTile(128, 64, 16, 128, 1.0), new GemmTile(64, 64, 16, 64, 1.02), new GemmTile(128, 32, 16, 64, 1.1),
            new GemmTile(256, 16, 8, 64, 1.3), new GemmTile(256, 8, 8, 32, 1.6));
    private static final List<GemmTile> TENSOR = List.of(
            new GemmTile(64, 64, 32, 128, 1.0), new GemmTile(128, 32, 32, 128, 1.2), new GemmTile(128, 16, 32, 128, 1.5));
    private static final List<GemmTile> F32_FILTER = List.of(
            new GemmTile(64, 64, 16, 64, 1.0), new GemmTile(32, 32, 64, 64, 1.3), new GemmTile(16, 16, 128, 64, 2.2));
    private static final List<GemmTile> TENSOR_FILTER = List.of(
            new GemmTile(64, 64, 32, 128, 1.0), new GemmTile(32, 32, 64, 128, 1.5), new GemmTile(16, 16, 64, 128, 3.0));

    static List<GemmTile> dataTiles(DType type) {
        return type == DType.F32 ? F32 : TENSOR;
    }

    static List<GemmTile> filterTiles(DType type) {
        return type == DType.F32 ? F32_FILTER : TENSOR_FILTER;
    }

    /** Kernels for pictures with few channels exist for tiles up to this many columns wide. */
    private static final int NARROW = 32;

    static List<GemmTile> narrow(List<GemmTile> tiles) {
        return tiles.stream().filter(tile -> tile.columns <= NARROW).toList();
    }

    /** Those with which a grid reaches over {@code width} columns, which it has along y. */
    static List<GemmTile> covering(List<GemmTile> tiles, int width) {
        return tiles.stream().filter(tile -> VectorGrid.blocks(width, tile.columns) <= Launch.GRID_LIMIT_YZ).toList();
    }

    /**
     * Best first: the tiles with which the busiest multiprocessor is done soonest, for a product of {@code height x width}. Narrow
     * tiles waste nothing beyond a narrow output, wide ones read less, small ones share the work better.
     */
    static List<GemmTile> forData(List<GemmTile> tiles, int height, int width, int multiprocessors) {
        return ranked(covering(tiles, width), tile -> Math.ceil((double) tile.blocks(height, width) / multiprocessors));
    }

    /** Best first: the tiles that waste least on a filter gradient of {@code height x width}; splitting its depth shares the work. */
    static List<GemmTile> forFilter(List<GemmTile> tiles, int height, int width) {
        return ranked(tiles, tile -> (double) tile.blocks(height, width));
    }

    private static List<GemmTile> ranked(List<GemmTile> tiles, ToDoubleFunction<GemmTile> blocks) {
        return tiles.stream()
                .sorted(Comparator.comparingDouble(tile -> blocks.applyAsDouble(tile) * tile.rows * tile.columns * tile.cost))
                .toList();
    }

    /** Blocks over an output of {@code height x width}. */
    long blocks(int height, int width) {
        return (long) VectorGrid.blocks(height, rows) * VectorGrid.blocks(width, columns);
    }

    /** The kernel for this tile: {@code operation_ROWSxCOLUMNS_dtype}. */
    String entry(String operation, DType type) {
        return operation + "_" + rows + "x" + columns + "_" + type.suffix();
    }
}
