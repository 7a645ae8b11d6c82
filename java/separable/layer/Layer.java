package separable.layer;

import separable.graph.GraphBuilder;
import separable.graph.Tensor;

/**
 * What one layer of a network computes. Lowering does it all at once: it infers shapes, declares parameters and appends
 * ops, so that these cannot disagree.
 */
public sealed interface Layer
        permits Conv, DepthwiseConv, PointwiseConv, Dense, BatchNorm, Rectifier, Residual, MaxPool, AveragePool, GlobalAveragePool, Dropout {

    /**
     * Appends this layer's ops to {@code graph}.
     *
     * @param name the layer's name in its network: the prefix of its parameters' names
     * @return what the next layer reads
     * @throws ShapeException when the layer does not fit {@code x}
     */
    Tensor lower(GraphBuilder graph, String name, Tensor x);
}
