package separable.layer;

import separable.graph.GraphBuilder;
import separable.graph.Tensor;
import separable.spec.ConvSpec;
import separable.spec.Shape;

/** A convolution of every channel with its own filter. */
public record DepthwiseConv(int kernel, int stride, int dilation, PadRule pad, Weights weights) implements Layer {

    @Override
    public Tensor lower(GraphBuilder graph, String name, Tensor x) {
        Shape in = x.shape();
        var padding = Convolutions.padding(name, in, pad, kernel, stride, dilation);
        ConvSpec spec = ConvSpec.depthwise(in, kernel, stride, dilation, padding);
        return Convolutions.lower(graph, name, spec, x, weights);
    }
}
