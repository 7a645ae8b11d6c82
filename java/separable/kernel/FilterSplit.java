package separable.kernel;

/**
 * How a filter gradient [height, width], a sum over {@code depth} pixels, is shared out: output tiles, and parts of the depth for
 * each of them. The last block of a tile to finish adds the parts in order.
 *
 * @param tiles         blocks over the output
 * @param splits        parts of the depth
 * @param depthPerSplit pixels a part has, a multiple of the tile's depth
 */
record FilterSplit(GemmTile tile, int tiles, int splits, int depthPerSplit) {

    /** Blocks a multiprocessor should have to hide its waits. */
    private static final int BLOCKS_PER_MULTIPROCESSOR = 2;

    /** Slabs below which writing a partial tile costs more than the part's sum. */
    private static final int LEAST_SLABS = 4;

    /** Enough parts to give every multiprocessor its blocks. */
    static FilterSplit of(GemmTile tile, int height, int width, int depth, int multiprocessors) {
        int tiles = Math.toIntExact(tile.blocks(height, width));
        return into(VectorGrid.blocks(BLOCKS_PER_MULTIPROCESSOR * multiprocessors, tiles), tile, height, width, depth);
    }

    /** About {@code wanted} parts: as many as are of one length and worth their partial tile. */
    static FilterSplit into(int wanted, GemmTile tile, int height, int width, int depth) {
        int tiles = Math.toIntExact(tile.blocks(height, width));
        int slabs = VectorGrid.blocks(depth, tile.depth());
        int possible = Math.max(1, slabs / LEAST_SLABS);
        int slabsPerSplit = VectorGrid.blocks(slabs, Math.max(1, Math.min(wanted, possible)));
        return new FilterSplit(tile, tiles, VectorGrid.blocks(slabs, slabsPerSplit), slabsPerSplit * tile.depth());
    }

    /** Parts of a given length, a multiple of the tile's depth. */
    static FilterSplit parts(int splits, int depthPerSplit, GemmTile tile, int height, int width) {
        return new FilterSplit(tile, Math.toIntExact(tile.blocks(height, width)), splits, depthPerSplit);
    }

    /** Bytes of partial tiles; none when nothing is split. */
    long workspaceBytes() {
        return splits == 1 ? 0 : (long) tiles * splits * tile.rows() * tile.columns() * Float.BYTES;
    }

    /** One ticket a tile. */
    int tickets() {
        return tiles;
    }
}
