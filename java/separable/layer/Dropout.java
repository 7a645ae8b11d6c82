package separable.layer;

import separable.graph.GraphBuilder;
import separable.graph.Tensor;

/** In training zeroes each value with probability {@code rate} and scales the others by {@code 1/(1-rate)}; else nothing. */
public record Dropout(float rate) implements Layer {

    public Dropout {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("dropout rate " + rate + ": it must be at least 0 and below 1");
        }
    }

    @Override
    public Tensor lower(GraphBuilder graph, String name, Tensor x) {
        return graph.dropout(name, rate, x);
    }
}
