package separable.kernel;

import static java.util.Objects.requireNonNull;

import java.util.function.UnaryOperator;

/**
 * The tiles of one convolution's three products.
 *
 * @param filterSplits parts of the filter gradient's depth; 0 to leave them to the rule
 * @param filterDepth  pixels a part; 0 to leave them to the rule
 */
record ConvTiles(GemmTile forward, GemmTile backwardData, GemmTile filter, int filterSplits, int filterDepth) {

    ConvTiles(GemmTile forward, GemmTile backwardData, GemmTile filter) {
        this(forward, backwardData, filter, 0, 0);
    }

    /** Changes tiles to {@code variant} for its own pass. */
    static UnaryOperator<ConvTiles> taking(Variant variant) {
        requireNonNull(variant, "variant");
        return tiles -> tiles.with(variant);
    }

    private ConvTiles with(Variant variant) {
        if (!(variant instanceof GemmVariant product)) {
            throw new IllegalArgumentException("variant " + variant.name() + " is not one of a matrix product's: use those that variants lists");
        }
        return switch (product.pass()) {
            case FORWARD -> new ConvTiles(product.tile(), backwardData, filter, filterSplits, filterDepth);
            case BACKWARD_DATA -> new ConvTiles(forward, product.tile(), filter, filterSplits, filterDepth);
            case BACKWARD_FILTER -> new ConvTiles(forward, backwardData, product.tile(), product.splits(), product.depth());
        };
    }

    /** How the filter gradient [height, width], a sum over {@code depth} pixels, is shared out. */
    FilterSplit split(int height, int width, int depth, int multiprocessors) {
        if (filterDepth > 0) {
            return FilterSplit.parts(filterSplits, filterDepth, filter, height, width);
        }
        return filterSplits == 0 ? FilterSplit.of(filter, height, width, depth, multiprocessors)
                : FilterSplit.into(filterSplits, filter, height, width, depth);
    }
}
