package separable.kernel;

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
