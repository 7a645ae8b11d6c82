package separable.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import separable.graph.Graph;
import separable.graph.GraphBuilder;
import separable.graph.GraphBuilder.Mode;
import separable.graph.StateEntry;
import separable.graph.Tensor;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * A classifier as an ordered list of named layers, each reading what the one before it gave. Immutable.
 *
 * @param name   for people
 * @param input  one picture: {@code 1 x height x width x channels}
 * @param layers from the picture to the logits
 */
public record Network(String name, Shape input, List<NamedLayer> layers) {

    /** @throws ShapeException when a layer does not fit the one before it */
    public Network {
        Objects.requireNonNull(name, "name");
        if (input.n() != 1) {
            throw new IllegalArgumentException(name + ": the input shape is one picture's, not " + input);
        }
        layers = List.copyOf(layers);
        lower(name, layers, new GraphBuilder(name, Mode.INFERENCE, DType.F32, input));
    }

    /** What the model is saved with, in file order. */
    public List<StateEntry> state() {
        return inference(1, DType.F32, Optional.empty()).state();
    }

    /** Logits from pictures, with running statistics and without dropout. */
    public Graph inferenceGraph(int batch, DType type) {
        return inference(batch, type, Optional.empty());
    }

    /** {@link #inferenceGraph} followed by loss and top-1/top-5 counts. */
    public Graph evaluationGraph(int batch, DType type, SoftmaxCrossEntropy loss) {
        return inference(batch, type, Optional.of(loss));
    }

    /** The forward half of a training step, with batch statistics, dropout and loss; the plan adds the backward half. */
    public Graph trainingGraph(int batch, DType type, SoftmaxCrossEntropy loss) {
        return trainingGraph(batch, type, loss, layer -> false);
    }

    /** With layers, told by their names, whose parameters and running statistics stay as they are: {@link GraphBuilder} says how. */
    public Graph trainingGraph(int batch, DType type, SoftmaxCrossEntropy loss, Predicate<String> frozen) {
        return graph(new GraphBuilder(name, Mode.TRAINING, type, input.withN(batch), frozen), Optional.of(loss));
    }

    /** Output shape, parameters and multiply-adds of every layer, for one picture. */
    public Summary summary() {
        return Summary.of(this);
    }

    private Graph inference(int batch, DType type, Optional<SoftmaxCrossEntropy> loss) {
        return graph(new GraphBuilder(name, Mode.INFERENCE, type, input.withN(batch)), loss);
    }

    private Graph graph(GraphBuilder graph, Optional<SoftmaxCrossEntropy> loss) {
        Tensor logits = lower(name, layers, graph);
        loss.ifPresent(each -> each.lower(graph, "loss", logits));
        return graph.build(logits);
    }

    private static Tensor lower(String name, List<NamedLayer> layers, GraphBuilder graph) {
        if (layers.isEmpty()) {
            throw new IllegalArgumentException(name + ": a network needs at least one layer");
        }
        Tensor x = graph.input();
        for (NamedLayer each : layers) {
            x = each.layer().lower(graph, each.name(), x);
        }
        return x;
    }

    /** Collects layers in order. */
    public static final class Builder {
        private final List<NamedLayer> layers = new ArrayList<>();

        public Builder add(String layerName, Layer layer) {
            layers.add(new NamedLayer(layerName, layer));
            return this;
        }

        public List<NamedLayer> layers() {
            return List.copyOf(layers);
        }

        public Network build(String networkName, Shape input) {
            return new Network(networkName, input, layers);
        }
    }
}
