package separable.layer;

import java.util.List;
import separable.graph.GraphBuilder;
import separable.graph.Tensor;

/** {@code body(x) + x}. The body's layers carry their full names; the block's own name is that of the addition. */
public record Residual(List<NamedLayer> body) implements Layer {

    public Residual {
        body = List.copyOf(body);
    }

    @Override
    public Tensor lower(GraphBuilder graph, String name, Tensor x) {
        Tensor y = x;
        for (NamedLayer each : body) {
            y = each.layer().lower(graph, each.name(), y);
        }
        if (!y.shape().equals(x.shape())) {
            throw new ShapeException(name, "the residual block turns " + x.shape() + " into " + y.shape() + ", which cannot be added");
        }
        return graph.add(name, y, x);
    }
}
