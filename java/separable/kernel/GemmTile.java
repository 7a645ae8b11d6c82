package separable.kernel;

import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.Products;

/**
 * One instantiation of the matrix product: the same list as native/kernels/gemm_tiles.cuh.
 *
 * @param rows     of the output a block computes
 * @param columns  of the output a block computes
 * @param depth    of the slabs the sum is taken in: parts of a split sum begin at multiples of it
 * @param threads  a block
 * @param cost     time per element of the tile, relative to 64 x 64 on tensor cores and 128 x 64 on ordinary lanes: narrower ones take more bytes
 *                 of operands for a multiplication, the large ones fewer
 * @param products of fp32 operands
 */
record GemmTile(int rows, int columns, int depth, int threads, double cost, Products products) {

    private static final GemmTile TALL_F32 = new GemmTile(128, 64, 16, 128, 1.0);
    private static final List<GemmTile> F32 = List.of(
            TALL_F32, new GemmTile(64, 64, 16, 64, 1.02), new GemmTile(128, 32, 16, 64, 1.1),
            new GemmTile(256, 16, 8, 64, 1.3), new GemmTile(256, 8, 8, 32, 1.6));
    private static final List<GemmTile> TENSOR = List.of(
            new GemmTile(64, 64, 32, 128, 1.0), new GemmTile(128, 32, 32, 128, 1.2), new GemmTile(128, 16, 32, 128, 1.5));
    private static final GemmTile LARGE = new GemmTile(128, 128, 32, 256, 0.7);
    private static final List<GemmTile> TENSOR_AND_LARGE = Stream.concat(TENSOR.stream(), Stream.of(LARGE)).toList();
    private static final GemmTile FLAT = new GemmTile(32, 128, 32, 128, 1.2);
    private static final List<GemmTile> TENSOR_FUSED = Stream.concat(TENSOR.stream(), Stream.of(FLAT, LARGE)).toList();
    private static final GemmTile FLAT_F32 = new GemmTile(32, 128, 16, 64, 1.1);
    private static final GemmTile LARGE_F32 = new GemmTile(128, 128, 16, 256, 0.95);
    private static final List<GemmTile> F32_FUSED = Stream.concat(F32.subList(1, 4).stream(), Stream.of(FLAT_F32, TALL_F32, LARGE_F32)).toList();
    private static final List<GemmTile> F32_FILTER = List.of(
            new GemmTile(64, 64, 16, 64, 1.0), new GemmTile(32, 32, 64, 64, 1.3), new GemmTile(16, 16, 128, 64, 2.2));
    private static final List<GemmTile> TENSOR_FILTER = List.of(
            new GemmTile(64, 64, 32, 128, 1.0), new GemmTile(32, 32, 64, 128, 1.5), new GemmTile(16, 16, 64, 128, 3.0));

    private static final List<GemmTile> TF32 = rounding(TENSOR);
    private static final List<GemmTile> TF32_FILTER = rounding(TENSOR_FILTER);

    private GemmTile(int rows, int columns, int depth, int threads, double cost) {
        this(rows, columns, depth, threads, cost, Products.EXACT);
    }

    /** The same tiles with operands rounded to tf32. */
    private static List<GemmTile> rounding(List<GemmTile> tiles) {
        return tiles.stream().map(tile -> new GemmTile(tile.rows, tile.columns, tile.depth, tile.threads, tile.cost, Products.TF32)).toList();
    }

    static List<GemmTile> dataTiles(DType type) {
        return dataTiles(type, Products.EXACT);
    }

    static List<GemmTile> dataTiles(DType type, Products products) {
        return products.of(type) == Products.TF32 ? TF32 : type == DType.F32 ? F32 : TENSOR;
    }

    /** Those of plain pointwise products. */
    static List<GemmTile> pointwiseTiles(DType type, Products products) {
        return products.of(type) == Products.TF32 ? TF32 : type == DType.F32 ? F32 : TENSOR_AND_LARGE;
    }

    /** Those that the fused kernels have: one for every kind of width; then, but for tf32, of wide layers one for few rows and larger ones. */
    static List<GemmTile> fusedTiles(DType type, Products products) {
        return products.of(type) == Products.TF32 ? TF32 : type == DType.F32 ? F32_FUSED : TENSOR_FUSED;
    }

    /** Those of them that the fused kernels behind a mean over pixels have, where there are many channels. */
    static List<GemmTile> fusedPoolTiles(DType type, Products products) {
        return fusedTiles(type, products).stream().filter(tile -> tile.columns >= WIDE).toList();
    }

    /** Those of fused stems, which have few output channels. */
    static List<GemmTile> stemTiles(DType type) {
        return narrow(dataTiles(type));
    }

    /** Those of their filter gradient. */
    static List<GemmTile> stemFilterTiles(DType type) {
        return narrow(filterTiles(type));
    }

    /** Of the filter gradient in one launch with this tile's data gradient: both suit the width of the input, and have as many threads. */
    GemmTile filterBeside(DType type) {
        if (isLarge() || equals(TALL_F32)) {
            return this;
        }
        // On tensor cores 16 x 16 costs twice as much an element: no less for as few columns.
        boolean narrowest = columns < NARROW && type == DType.F32 && products == Products.EXACT;
        return filterTiles(type, products).get(columns > NARROW ? 0 : narrowest ? 2 : 1);
    }

    static List<GemmTile> filterTiles(DType type) {
        return filterTiles(type, Products.EXACT);
    }

    static List<GemmTile> filterTiles(DType type, Products products) {
        return products.of(type) == Products.TF32 ? TF32_FILTER : type == DType.F32 ? F32_FILTER : TENSOR_FILTER;
    }

    /** Kernels for pictures with few channels, and those of fused stems, exist for tiles up to this many columns wide. */
    private static final int NARROW = 32;

    /** Kernels behind a mean exist for tiles from this many columns on. */
    private static final int WIDE = 64;

    /** Elements that 64 x 64 tiles read from the second-level cache for one that goes through memory, from which on the large tile is worth its block. */
    private static final int MANY_READS = 4;

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
        return ranked(covering(tiles, width), tile -> tile.busiest(height, width, multiprocessors));
    }

    /**
     * The same for a product with sums over {@code depth}: the large tiles only where the second-level cache is read much more than memory.
     * Through memory go {@code depth + width} elements a row, from the cache to 64 x 64 tiles {@code depth * width / 32}; a large tile
     * halves those. But its registers leave room for one block a multiprocessor, which multiplies nothing while a tile is stored. And the
     * flat tiles only where others would be half empty.
     */
    static List<GemmTile> forProduct(List<GemmTile> tiles, int height, int width, int depth, int multiprocessors) {
        boolean wide = (long) depth * width / 32 >= (long) MANY_READS * (depth + width);
        List<GemmTile> suitable = tiles.stream().filter(tile -> (wide || !tile.isLarge()) && (height <= tile.rows || !tile.isFlat())).toList();
        return forData(suitable, height, width, multiprocessors);
    }

    private boolean isLarge() {
        return equals(LARGE) || equals(LARGE_F32);
    }

    private boolean isFlat() {
        return equals(FLAT) || equals(FLAT_F32);
    }

    /** Best first: the tiles that waste least on a filter gradient of {@code height x width}; splitting its depth shares the work. */
    static List<GemmTile> forFilter(List<GemmTile> tiles, int height, int width) {
        return ranked(tiles, tile -> tile.time(tile.blocks(height, width)));
    }

    private static List<GemmTile> ranked(List<GemmTile> tiles, ToDoubleFunction<GemmTile> time) {
        return tiles.stream().sorted(Comparator.comparingDouble(time)).toList();
    }

    /** Of the busiest multiprocessor over an output of {@code height x width}, a step of the depth. */
    double busiest(int height, int width, int multiprocessors) {
        return time(Math.ceil((double) blocks(height, width) / multiprocessors));
    }

    /** Of so many blocks one after the other, a step of the depth. */
    double time(double blocks) {
        return blocks * rows * columns * cost;
    }

    /** Blocks over an output of {@code height x width}. */
    long blocks(int height, int width) {
        return (long) VectorGrid.blocks(height, rows) * VectorGrid.blocks(width, columns);
    }

    /** The kernel for this tile: {@code operation_ROWSxCOLUMNS_dtype}, or {@code _tf32}. */
    String entry(String operation, DType type) {
        return operation + "_" + rows + "x" + columns + "_" + (products.of(type) == Products.TF32 ? products.toString() : type.suffix());
    }

    /** Tells tiles apart, of products that are not exact too: {@code 64x64}, {@code 64x64 tf32}. */
    String label() {
        return rows + "x" + columns + (products == Products.EXACT ? "" : " " + products);
    }
}
