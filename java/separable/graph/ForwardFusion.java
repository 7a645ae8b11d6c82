package separable.graph;

import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import separable.spec.Activation;

/**
 * The forward half of the fused schedule: [convolution, statistics, normalisation, activation] become one launch, and what reads the
 * normalised output makes it on load. A residual sum is stored by the first convolution that reads it.
 *
 * <p>Where some reader must find a normalised output in memory, a plain normalisation stays and the others read that too.
 */
final class ForwardFusion {

    private final Uses uses;
    private final Map<Tensor, NormedConv> layers;
    private final HeadFusion head;
    private final Predicate<Op.ConvBackwardFilter> fused;
    private final OpEdits edits;

    /** @param fused whether a filter's gradient is part of a fused launch, which makes the convolution's input on load */
    ForwardFusion(Uses uses, Map<Tensor, NormedConv> layers, HeadFusion head, Predicate<Op.ConvBackwardFilter> fused, OpEdits edits) {
        this.uses = uses;
        this.layers = layers;
        this.head = head;
        this.fused = fused;
        this.edits = edits;
    }

    void run() {
        for (NormedConv layer : layers.values()) {
            edits.replace(layer.conv(), layer.reading(source(layer)));
            edits.remove(layer.statistics());
            edits.readStatistics(layer.statistics().statistics(), layer.table());
            if (isMadeOnLoad(layer.a())) {
                edits.remove(layer.norm());
            }
        }
    }

    private FusedSource source(NormedConv layer) {
        Tensor x = layer.conv().x();
        Optional<Op.AddForward> sum = uses.producer(x, Op.AddForward.class).filter(this::isFused);
        if (sum.isPresent() && uses.readers(x).get(0) == layer.conv()) {
            edits.remove(sum.get());
            return new FusedSource.Sum(layers.get(sum.get().a()).source(), operand(sum.get().b()), x);
        }
        return operand(x);
    }

    private FusedSource operand(Tensor x) {
        return isMadeOnLoad(x) ? layers.get(x).source() : new FusedSource.Raw(x);
    }

    /** Whether nobody needs this normalised output in memory. */
    private boolean isMadeOnLoad(Tensor a) {
        return layers.containsKey(a) && uses.readers(a).stream().allMatch(op -> normalisesOnLoad(op, a));
    }

    private boolean normalisesOnLoad(Op op, Tensor a) {
        if (op instanceof Op.ConvForward conv) {
            return isLayer(conv) && (conv.spec().isPointwise() || conv.spec().isDepthwise());
        }
        if (op instanceof Op.AddForward sum) {
            return isFused(sum) && (sum.a().equals(a) || hasNoActivation(a));
        }
        if (op instanceof Op.GlobalAveragePoolForward pool) {
            return head.includes(pool);
        }
        return op instanceof Op.ConvBackwardFilter filter && fused.test(filter);
    }

    /** Whether the first reader of the sum is a pointwise convolution that can add on load. */
    private boolean isFused(Op.AddForward sum) {
        boolean branch = layers.containsKey(sum.a()) && hasNoActivation(sum.a()) && !sum.a().equals(sum.b());
        return branch && uses.readers(sum.y()).get(0) instanceof Op.ConvForward conv && isLayer(conv) && conv.spec().isPointwise();
    }

    private boolean isLayer(Op.ConvForward conv) {
        return layers.values().stream().anyMatch(layer -> layer.conv() == conv);
    }

    private boolean hasNoActivation(Tensor a) {
        return layers.get(a).norm().norm().activation() == Activation.NONE;
    }
}
