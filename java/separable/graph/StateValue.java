package separable.graph;

import java.util.List;

/** One entry of a saved model, on the host. */
public sealed interface StateValue {

    /** Extents in PyTorch's terms; empty for a scalar. */
    List<Integer> shape();

    /** fp32 values in row-major order of {@code shape}. */
    record Floats(List<Integer> shape, float[] values) implements StateValue {
        public Floats {
            shape = List.copyOf(shape);
            long count = shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
            if (count != values.length) {
                throw new IllegalArgumentException("shape " + shape + " has " + count + " values, but " + values.length + " are given");
            }
        }
    }

    /** An int64 scalar: batches seen by a batch normalisation. */
    record Counter(long value) implements StateValue {
        @Override
        public List<Integer> shape() {
            return List.of();
        }
    }
}
