package separable.layer;

import separable.graph.GraphBuilder;
import separable.graph.InitialValue;
import separable.graph.Parameter;
import separable.graph.Tensor;
import separable.spec.ConvSpec;
import separable.spec.Padding;
import separable.spec.Shape;

/** What the layers with a sliding window have in common. */
final class Convolutions {

    private Convolutions() {}

    /** The padding of a window over {@code input}, after checking that window and stride make sense there. */
    static Padding padding(String layer, Shape input, PadRule rule, int kernel, int stride, int dilation) {
        if (stride > input.h() || stride > input.w()) {
            throw new ShapeException(layer, "stride " + stride + " on a picture of " + input.h() + "x" + input.w() + " pixels, input "
                    + input + ": the resolution is too small for the network's strides");
        }
        Padding padding = rule.padding(input, kernel, stride, dilation);
        int extent = (kernel - 1) * dilation + 1;
        if (input.h() + padding.top() + padding.bottom() < extent || input.w() + padding.left() + padding.right() < extent) {
            throw new ShapeException(layer, "a window of " + extent + "x" + extent + " pixels does not fit input " + input + " with "
                    + padding + ": use a larger resolution");
        }
        return padding;
    }

    /** Convolution and, if asked for, bias. */
    static Tensor lower(GraphBuilder graph, String name, ConvSpec spec, Tensor x, Weights weights) {
        boolean depthwise = spec.isDepthwise();
        int in = depthwise ? 1 : spec.input().c();
        int groups = depthwise ? spec.outputChannels() : 1;
        InitialValue initial = weights.initial().of(spec.outputChannels(), in, groups, spec.kernelHeight() * spec.kernelWidth());
        Parameter filter = new Parameter(name + ".weight", depthwise ? Parameter.Layout.DEPTHWISE : Parameter.Layout.CONVOLUTION,
                spec.outputChannels(), in, spec.kernelHeight(), spec.kernelWidth(), weights.decay(), initial);
        Tensor y = graph.convolution(name, spec, x, filter, spec.output());
        return weights.bias() ? bias(graph, name, y) : y;
    }

    static Tensor bias(GraphBuilder graph, String name, Tensor x) {
        return graph.bias(name, x, Parameter.vector(name + ".bias", x.shape().c(), false, InitialValue.constant(0)));
    }
}
