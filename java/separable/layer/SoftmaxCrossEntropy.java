package separable.layer;

import separable.graph.GraphBuilder;
import separable.graph.Tensor;

/**
 * The loss of a classifier, with label smoothing: the target is {@code 1 - smoothing} on the label plus
 * {@code smoothing / classes} everywhere, as in PyTorch. It also counts top-1 and top-5 hits.
 *
 * @param mixed whether every picture has two labels and a share of the first, as mixup and cutmix leave them
 */
public record SoftmaxCrossEntropy(float smoothing, boolean mixed) {

    public SoftmaxCrossEntropy {
        if (!(smoothing >= 0 && smoothing < 1)) {
            throw new IllegalArgumentException("label smoothing " + smoothing + ": it must be at least 0 and below 1");
        }
    }

    /** For pictures of one label each. */
    public SoftmaxCrossEntropy(float smoothing) {
        this(smoothing, false);
    }

    void lower(GraphBuilder graph, String name, Tensor logits) {
        if (logits.shape().h() != 1 || logits.shape().w() != 1) {
            throw new ShapeException(name, "the loss needs a vector of classes a picture, not " + logits.shape() + ": end with a pool or dense layer");
        }
        graph.softmaxCrossEntropy(name, smoothing, mixed, logits);
    }
}
