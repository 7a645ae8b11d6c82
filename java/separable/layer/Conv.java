package separable.layer;

import separable.graph.GraphBuilder;
import separable.graph.Tensor;
import separable.spec.ConvSpec;
import separable.spec.Shape;

/** A convolution in which every output channel sees every input channel. */
public record Conv(int outputChannels, int kernel, int stride, PadRule pad, Weights weights) implements Layer {

    @Override
    public Tensor lower(GraphBuilder graph, String name, Tensor x) {
        Shape in = x.shape();
        var padding = Convolutions.padding(name, in, pad, kernel, stride, 1);
        ConvSpec spec = ConvSpec.full(in, outputChannels, kernel, stride, 1, padding);
        return Convolutions.lower(graph, name, spec, x, weights);
    }
}
