package separable.layer;

import separable.graph.GraphBuilder;
import separable.graph.Tensor;
import separable.spec.PoolSpec;

/**
 * The mean of every window.
 *
 * @param countPadding whether padded pixels count in the divisor, as PyTorch's default does
 */
public record AveragePool(int kernel, int stride, PadRule pad, boolean countPadding) implements Layer {

    @Override
    public Tensor lower(GraphBuilder graph, String name, Tensor x) {
        var padding = Convolutions.padding(name, x.shape(), pad, kernel, stride, 1);
        return graph.averagePool(name, new PoolSpec(x.shape(), kernel, stride, padding), countPadding, x);
    }
}
