package separable.layer;

import separable.graph.GraphBuilder;
import separable.graph.Tensor;
import separable.spec.ConvSpec;

/** A 1x1 convolution: mixes channels, pixel by pixel. */
public record PointwiseConv(int outputChannels, Weights weights) implements Layer {

    @Override
    public Tensor lower(GraphBuilder graph, String name, Tensor x) {
        ConvSpec spec = ConvSpec.pointwise(x.shape(), outputChannels);
        return Convolutions.lower(graph, name, spec, x, weights);
    }
}
