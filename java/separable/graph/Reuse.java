package separable.graph;

/** Leave for an op's {@code output} to take the memory of its {@code input}, if nobody reads the input later. */
public record Reuse(Tensor input, Tensor output) {}
