package separable.layer;

import separable.graph.GraphBuilder;
import separable.graph.Tensor;

/** The mean over all pixels: a picture becomes a vector of its channels. */
public record GlobalAveragePool() implements Layer {

    @Override
    public Tensor lower(GraphBuilder graph, String name, Tensor x) {
        return graph.globalAveragePool(name, x);
    }
}
