package separable.kernel;

import separable.device.Kernel;
import separable.device.Launch;
import separable.spec.Shape;

/**
 * How a fused product shares out its output [rows, channels] (native/kernels/fused_gemm.cuh): column tiles, and for each of them
 * {@code parts} CTAs, which take the row tiles in contiguous ranges of one length.
 */
record FusedGrid(GemmTile tile, int parts, int columnTiles) {

    /**
     * As many parts as run at once, all of one length but the last: CTAs that had to wait for another's end would leave most of the
     * device idle while they run.
     *
     * @param ctas that the device holds at once, of the kernel that has this grid ({@link Kernel#residents}); its twins take the same
     */
    static FusedGrid of(GemmTile tile, Shape output, int ctas) {
        int columnTiles = VectorGrid.blocks(output.channelStride(), tile.columns());
        int rowTiles = VectorGrid.blocks(output.rows(), tile.rows());
        int share = VectorGrid.blocks(rowTiles, Math.max(1, Math.min(ctas / columnTiles, rowTiles)));
        return new FusedGrid(tile, VectorGrid.blocks(rowTiles, share), columnTiles);
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
