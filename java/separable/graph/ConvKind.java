package separable.graph;

/** Which kernel family carries out a convolution, and how its filter is laid out. */
public enum ConvKind { DEPTHWISE, POINTWISE, FULL }
