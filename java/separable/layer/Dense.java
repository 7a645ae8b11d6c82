package separable.layer;

import separable.graph.GraphBuilder;
import separable.graph.Parameter;
import separable.graph.Tensor;
import separable.spec.ConvSpec;
import separable.spec.Shape;

/**
 * Every output sees every value of a picture. Over more than one pixel it flattens the picture: the saved weights are in
 * PyTorch's order (channel, row, column), those in memory in NHWC's, so that neither side copies an activation.
 */
public record Dense(int outputs, Weights weights) implements Layer {

    @Override
    public Tensor lower(GraphBuilder graph, String name, Tensor x) {
        Shape in = x.shape();
        // Surplus channels stay where they are: they are zero, and so are the weights that meet them.
        Shape flat = Shape.matrix(in.n(), in.h() * in.w() * in.channelStride());
        var initial = weights.initial().of(outputs, in.c(), 1, in.h() * in.w());
        Parameter filter = new Parameter(name + ".weight", Parameter.Layout.DENSE, outputs, in.c(), in.h(), in.w(), weights.decay(), initial);
        Tensor y = graph.convolution(name, ConvSpec.pointwise(flat, outputs), x, filter, Shape.matrix(in.n(), outputs));
        return weights.bias() ? Convolutions.bias(graph, name, y) : y;
    }
}
