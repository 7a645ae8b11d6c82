package separable.kernel;

import java.util.Comparator;
import java.util.List;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * How the two roles of {@link FusedPointwiseBackward.Form#DUAL} share a launch: both products have as many multiplications, so they get
 * about as many CTAs, and together what the device holds at once. Where the filter has more tiles than that, it takes several times as many.
 *
 * @param data   of the gradient of the input
 * @param filter of the gradient of the weights
 */
record DualGrid(FusedGrid data, FilterSplit filter) {

    /**
     * Of these tiles the one with which the busiest multiprocessor is done soonest with both products. The depth of the filter's, which
     * is the pixels, is shared out evenly whatever its tiles.
     */
    static GemmTile tile(List<GemmTile> tiles, ConvSpec spec, DType type, int multiprocessors) {
        int rows = spec.input().rows();
        int cin = spec.input().channelStride();
        int cout = spec.output().channelStride();
        return GemmTile.forProduct(tiles, rows, cin, cout, multiprocessors).stream().min(Comparator.comparingDouble(tile -> {
            GemmTile beside = tile.filterBeside(type);
            return tile.busiest(rows, cin, multiprocessors) * cout + beside.time((double) beside.blocks(cout, cin) / multiprocessors) * rows;
        })).orElseThrow();
    }

    /** @param ctas of the kernel with this tile that the device holds at once */
    static DualGrid of(GemmTile tile, ConvSpec spec, DType type, int ctas) {
        Shape in = spec.input();
        Shape out = spec.output();
        GemmTile beside = tile.filterBeside(type);
        long tiles = beside.blocks(out.channelStride(), in.channelStride());
        FilterSplit filter = FilterSplit.into(Math.round(ctas / (2f * tiles)), beside, out.channelStride(), in.channelStride(), in.rows());
        int filters = filter.tiles() * filter.splits();
        int waves = Math.max(1, Math.round(2f * filters / ctas));
        return new DualGrid(FusedGrid.of(tile, in, waves * ctas - filters), filter);
    }

    /** CTAs over all. */
    int ctas() {
        return data.ctas() + filter.tiles() * filter.splits();
    }
}
