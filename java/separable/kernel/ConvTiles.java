package separable.kernel;

/** The tiles of one convolution's three products. */
record ConvTiles(GemmTile forward, GemmTile backwardData, GemmTile filter) {
}
