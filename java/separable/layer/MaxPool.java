package separable.layer;

import separable.graph.GraphBuilder;
import separable.graph.Tensor;
import separable.spec.PoolSpec;

/** The maximum of every window. */
public record MaxPool(int kernel, int stride, PadRule pad) implements Layer {

    @Override
    public Tensor lower(GraphBuilder graph, String name, Tensor x) {
        var padding = Convolutions.padding(name, x.shape(), pad, kernel, stride, 1);
        return graph.maxPool(name, new PoolSpec(x.shape(), kernel, stride, padding), x);
    }
}
