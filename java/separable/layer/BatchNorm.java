package separable.layer;

import separable.graph.GraphBuilder;
import separable.graph.InitialValue;
import separable.graph.Parameter;
import separable.graph.RunningStatistics;
import separable.graph.Tensor;
import separable.spec.Activation;
import separable.spec.NormSpec;

/**
 * Batch normalisation over all pixels of a batch, with the activation that follows it; gamma starts at 1, beta at 0, neither decays.
 *
 * @param momentum PyTorch's: the share of the batch in the running statistics; TensorFlow's decay is {@code 1 - momentum}
 */
public record BatchNorm(Activation activation, float epsilon, float momentum) implements Layer {

    @Override
    public Tensor lower(GraphBuilder graph, String name, Tensor x) {
        int channels = x.shape().c();
        return graph.batchNorm(name, new NormSpec(activation, epsilon, momentum), x,
                Parameter.vector(name + ".weight", channels, false, InitialValue.constant(1)),
                Parameter.vector(name + ".bias", channels, false, InitialValue.constant(0)),
                new RunningStatistics(name, channels));
    }
}
