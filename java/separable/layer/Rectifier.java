package separable.layer;

import separable.graph.GraphBuilder;
import separable.graph.Tensor;
import separable.spec.Activation;

/** ReLU or ReLU6 as a layer of its own; after a batch normalisation use that layer's activation. */
public record Rectifier(Activation activation) implements Layer {

    public static final Rectifier RELU = new Rectifier(Activation.RELU);
    public static final Rectifier RELU6 = new Rectifier(Activation.RELU6);

    public Rectifier {
        if (activation == Activation.NONE) {
            throw new IllegalArgumentException("a rectifier with activation NONE: leave the layer out");
        }
    }

    @Override
    public Tensor lower(GraphBuilder graph, String name, Tensor x) {
        return graph.activation(name, activation, x);
    }
}
