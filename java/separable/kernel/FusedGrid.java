package separable.kernel;

import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * How a fused product shares out its output [rows, channels] (native/kernels/fused_gemm.cuh): column tiles, and for each of them
 * {@code parts} CTAs, which take the row tiles in contiguous ranges of one length.
 */
record FusedGrid(GemmTile tile, int parts, int columnTiles) {

    /** What a multiprocessor should have to hide its waits; fewer, longer ranges leave fewer partial results to fold. */
    private static final int CTAS_PER_MULTIPROCESSOR = 4;

    /** As many parts as fill the device, all of one length but the last. */
    static FusedGrid of(GemmTile tile, Shape output, int multiprocessors) {
        int columnTiles = VectorGrid.blocks(output.channelStride(), tile.columns());
        return of(tile, output, columnTiles, VectorGrid.blocks(CTAS_PER_MULTIPROCESSOR * multiprocessors, columnTiles));
    }

    private static FusedGrid of(GemmTile tile, Shape output, int columnTiles, int wanted) {
        int rowTiles = VectorGrid.blocks(output.rows(), tile.rows());
        int share = VectorGrid.blocks(rowTiles, Math.min(wanted, rowTiles));
        return new FusedGrid(tile, VectorGrid.blocks(rowTiles, share), columnTiles);
    }

    /** Of the forward pass of {@code spec}: a pointwise convolution, or a stem. */
    static FusedGrid forward(ConvSpec spec, DType type, int multiprocessors) {
        Shape output = spec.output();
        return of(spec.isPointwise() ? tile(output, type, multiprocessors) : GemmTile.stem(type), output, multiprocessors);
    }

    /** Of the data gradient of {@code spec}, a pointwise convolution. */
    static FusedGrid backwardData(ConvSpec spec, DType type, int multiprocessors) {
        return of(tile(spec.input(), type, multiprocessors), spec.input(), multiprocessors);
    }

    private static GemmTile tile(Shape output, DType type, int multiprocessors) {
        return GemmTile.forData(GemmTile.fusedTiles(type), output.rows(), output.channelStride(), multiprocessors).get(0);
    }

    /** With which a grid reaches over {@code channels}. */
    static boolean covers(DType type, int channels) {
        return !GemmTile.covering(GemmTile.fusedTiles(type), channels).isEmpty();
    }

    /** CTAs over all. */
    int ctas() {
        return parts * columnTiles;
    }

    /** What is folded: {@code values} floats a channel and part, and a ticket a column tile. */
    Fold fold(int values, int channels) {
        return new Fold((long) values * parts * channels * Float.BYTES, columnTiles);
    }

    /** Sets grid and block. */
    Launch shape(Launch launch) {
        return launch.grid(parts, columnTiles, 1).block(tile.threads());
    }
}
