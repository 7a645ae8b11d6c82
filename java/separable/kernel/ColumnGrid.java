package separable.kernel;

import separable.device.Launch;
import separable.spec.Shape;

/**
 * How the kernels of columns.cuh spread a matrix [rows, channels] over a grid: a CTA takes {@code columns} vectors of eight
 * channels, and {@code lanes} runs of neighbouring rows beside each other; {@code parts} CTAs share the rows, {@code tiles}
 * the channels.
 */
record ColumnGrid(int columns, int lanes, int tiles, int parts) {

    /** Threads of a CTA without barriers. */
    private static final int MAP_THREADS = 128;

    /** Threads of a CTA that folds: FOLD_THREADS in fold.cuh. */
    private static final int REDUCTION_THREADS = 64;

    /** Vectors a CTA takes at most: 256 channels, so that at least two lanes are left to fold. */
    private static final int MAX_COLUMNS = 32;

    /** Rows of a run: enough to be worth the thread's own coefficients, few enough for many CTAs. */
    private static final int MAP_RUN = 8;

    /** Rows of a run that is worth its share of the fold. */
    private static final int REDUCTION_RUN = 64;

    /** Vectors a CTA takes that has all rows of a matrix to itself: few, so that many runs share the rows. */
    private static final int NARROW_COLUMNS = 4;

    private static final int CTAS_PER_MULTIPROCESSOR = 4;

    /** For a kernel that writes every element. */
    static ColumnGrid map(Shape shape) {
        ColumnGrid tile = tile(shape.channelStride(), MAP_THREADS);
        return tile.withParts(ceilDiv(shape.rows(), tile.lanes * MAP_RUN));
    }

    /** For a kernel that folds all rows into one result a channel. */
    static ColumnGrid reduction(Shape shape, int multiprocessors) {
        return reduction(shape.rows(), shape.channelStride(), REDUCTION_RUN, CTAS_PER_MULTIPROCESSOR * multiprocessors);
    }

    /**
     * For {@code rows} of another kind.
     *
     * @param run  rows that are worth a thread
     * @param ctas CTAs wanted at most
     */
    static ColumnGrid reduction(int rows, int channels, int run, int ctas) {
        ColumnGrid tile = tile(channels, REDUCTION_THREADS);
        return tile.withParts(Math.max(1, Math.min(ceilDiv(rows, tile.lanes * run), ctas / tile.tiles)));
    }

    /** As {@link #reduction(int, int, int, int)} for runs of picture lines of {@code width} pixels each. */
    static ColumnGrid lines(int lines, int width, int channels, int ctas) {
        return reduction(lines, channels, ceilDiv(REDUCTION_RUN, width), ctas);
    }

    /** Every CTA takes all rows of its channels, so that nothing is folded over CTAs: for few rows, as a batch has in a dense layer. */
    static ColumnGrid narrow(int channels) {
        return tile(channels, REDUCTION_THREADS, NARROW_COLUMNS);
    }

    /** Whether {@link #narrow} gives no run more rows than it is worth. */
    static boolean isNarrow(int rows, int channels) {
        return rows <= narrow(channels).lanes * REDUCTION_RUN;
    }

    private static ColumnGrid tile(int channels, int threads) {
        return tile(channels, threads, MAX_COLUMNS);
    }

    private static ColumnGrid tile(int channels, int threads, int mostColumns) {
        int vectors = channels / Shape.CHANNEL_MULTIPLE;
        int tiles = ceilDiv(vectors, mostColumns);
        int columns = ceilDiv(vectors, tiles);
        return new ColumnGrid(columns, threads / columns, tiles, 1);
    }

    ColumnGrid withParts(int count) {
        return new ColumnGrid(columns, lanes, tiles, count);
    }

    /** Sets grid and block; {@code depth} CTAs along z. */
    Launch shape(Launch launch, int depth) {
        return launch.grid(parts, tiles, depth).block(columns * lanes);
    }

    private static int ceilDiv(int a, int b) {
        return VectorGrid.blocks(a, b);
    }
}
