package separable.graph;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The head's part of the fused schedule: pool and dropout are one launch, a dense layer and its bias another, and their gradients a third. */
final class HeadFusion {

    private final Graph graph;
    private final Uses uses;
    private final FusedKernels kernels;
    private final OpEdits edits;
    private final Set<Op> pools = new HashSet<>();

    HeadFusion(Graph graph, Uses uses, FusedKernels kernels, OpEdits edits) {
        this.graph = graph;
        this.uses = uses;
        this.kernels = kernels;
        this.edits = edits;
    }

    void run(Map<Tensor, NormedConv> layers) {
        if (!kernels.head(graph.type())) {
            return;
        }
        for (Op op : graph.ops()) {
            if (op instanceof Op.GlobalAveragePoolForward pool && layers.containsKey(pool.x())) {
                pool(pool, layers.get(pool.x()));
            } else if (op instanceof Op.ConvForward dense && isDense(dense)) {
                dense(dense);
            }
        }
    }

    /** Whether this pool normalises on load. */
    boolean includes(Op.GlobalAveragePoolForward pool) {
        return pools.contains(pool);
    }

    private void pool(Op.GlobalAveragePoolForward pool, NormedConv last) {
        pools.add(pool);
        Optional<Op.DropoutForward> dropout = uses.onlyReader(pool.y(), Op.DropoutForward.class);
        dropout.ifPresent(edits::remove);
        edits.replace(pool, dropout.map(drop -> new FusedOp.Pool(pool.name(), last.source(), drop.rate(), drop.salt(), drop.y()))
                .orElseGet(() -> new FusedOp.Pool(pool.name(), last.source(), 0, 0, pool.y())));
    }

    /** A matrix product whose rows are the pictures. */
    private static boolean isDense(Op.ConvForward conv) {
        return conv.spec().isPointwise() && conv.spec().input().rows() == conv.spec().input().n();
    }

    private void dense(Op.ConvForward dense) {
        Optional<Op.BiasForward> bias = uses.onlyReader(dense.y(), Op.BiasForward.class);
        if (bias.isEmpty()) {
            return;
        }
        edits.remove(dense);
        edits.replace(bias.get(), new FusedOp.Dense(dense.name(), dense.spec(), dense.x(), dense.w(), bias.get().bias(), bias.get().y()));
        backward(dense);
    }

    /** All three gradients of a dense layer with a bias, which read the same: those of a layer that has frozen ones stay plain. */
    private void backward(Op.ConvForward dense) {
        Optional<Op.ConvBackwardFilter> filter = graph.ops().stream().filter(Op.ConvBackwardFilter.class::isInstance).map(Op.ConvBackwardFilter.class::cast)
                .filter(each -> each.x().equals(dense.x()) && each.name().equals(dense.name())).findFirst();
        Optional<Op.BiasBackward> bias = filter.flatMap(each -> uses.reader(each.dy(), Op.BiasBackward.class));
        Optional<Op.ConvBackwardData> data = filter.flatMap(each -> uses.reader(each.dy(), Op.ConvBackwardData.class));
        if (bias.isEmpty() || data.isEmpty() || uses.readers(filter.get().dy()).size() != 3) {
            return;
        }
        Optional<Op.DropoutBackward> dropout = uses.onlyReader(data.get().dx(), Op.DropoutBackward.class);
        List.of(bias.get(), filter.get(), data.get()).forEach(edits::remove);
        edits.replace(dropout.<Op>map(drop -> drop).orElse(data.get()), new FusedOp.DenseBackward(dense.name(), dense.spec(), filter.get().dy(), dense.x(),
                dense.w(), dropout.map(Op.DropoutBackward::rate).orElse(0f), dropout.map(Op.DropoutBackward::salt).orElse(0),
                dropout.map(Op.DropoutBackward::dx).orElse(data.get().dx()), filter.get().dw(), bias.get().dbias()));
    }
}
