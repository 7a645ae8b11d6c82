package separable.kernel;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import separable.spec.DType;
import separable.spec.Pass;

/**
 * One matrix product of a convolution with a given tile.
 *
 * @param splits parts of the depth of a filter gradient's sum; 1 for the other passes
 * @param depth  pixels a part; 0 to leave them to the rule
 */
record GemmVariant(Pass pass, GemmTile tile, int splits, int depth) implements Variant {

    GemmVariant(Pass pass, GemmTile tile, int splits) {
        this(pass, tile, splits, 0);
    }

    /** The filter gradient of operands of {@code type} in {@code parts} parts of {@code rows} pixels, each part added up by one group of threads in order. */
    static GemmVariant ofRows(DType type, int rows, int parts) {
        return new GemmVariant(Pass.BACKWARD_FILTER, GemmTile.filterTiles(type).get(0), parts, rows);
    }

    static List<Variant> ofData(Pass pass, List<GemmTile> ranked) {
        return ranked.stream().<Variant>map(tile -> new GemmVariant(pass, tile, 1)).toList();
    }

    /** Every tile with the number of parts that the rule gives it, and the first tile with half and with twice as many. */
    static List<Variant> ofFilter(List<GemmTile> ranked, int height, int width, int depth, int multiprocessors) {
        Set<FilterSplit> splits = new LinkedHashSet<>();
        FilterSplit first = FilterSplit.of(ranked.get(0), height, width, depth, multiprocessors);
        splits.add(first);
        splits.add(FilterSplit.into(first.splits() / 2, first.tile(), height, width, depth));
        splits.add(FilterSplit.into(first.splits() * 2, first.tile(), height, width, depth));
        for (GemmTile tile : ranked) {
            splits.add(FilterSplit.of(tile, height, width, depth, multiprocessors));
        }
        List<Variant> variants = new ArrayList<>();
        splits.forEach(split -> variants.add(new GemmVariant(Pass.BACKWARD_FILTER, split.tile(), split.splits())));
        return variants;
    }

    @Override
    public String name() {
        return pass == Pass.BACKWARD_FILTER ? tile.label() + " split " + splits + (depth > 0 ? " by " + depth : "") : tile.label();
    }
}
