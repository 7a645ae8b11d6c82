package separable.graph;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A convolution and the batch normalisation of its output with the batch's statistics: what the fused schedule makes one launch of.
 *
 * @param table the fused launch's statistics, fp32 {@code [4, Cp]}; its first two rows are what the plain ops' statistics hold
 */
record NormedConv(Op.ConvForward conv, Op.BatchNormStatistics statistics, Op.BatchNormForward norm, Tensor table) {

    /** The raw output. */
    Tensor y() {
        return conv.y();
    }

    /** The normalised output. */
    Tensor a() {
        return norm.y();
    }

    boolean isPointwise() {
        return conv.spec().isPointwise();
    }

    boolean isDepthwise() {
        return conv.spec().isDepthwise();
    }

    /** The normalised output made on load. */
    FusedSource.Norm source() {
        return new FusedSource.Norm(norm.norm(), y(), table);
    }

    FusedOp.ConvNorm reading(FusedSource source) {
        return new FusedOp.ConvNorm(conv.name(), conv.spec(), source, conv.w(), norm.norm(), norm.gamma(), norm.beta(), statistics.running(), y(), table);
    }

    /** Those of a graph that {@code kernels} can launch, by their normalised output, in the order of the ops. */
    static Map<Tensor, NormedConv> in(Graph graph, Uses uses, FusedKernels kernels, TensorIds ids) {
        Map<Tensor, NormedConv> found = new LinkedHashMap<>();
        for (Op op : graph.ops()) {
            if (op instanceof Op.ConvForward conv && kernels.forward(conv.spec(), conv.y().type())) {
                of(conv, uses, ids).ifPresent(each -> found.put(each.a(), each));
            }
        }
        return found;
    }

    private static Optional<NormedConv> of(Op.ConvForward conv, Uses uses, TensorIds ids) {
        var statistics = uses.reader(conv.y(), Op.BatchNormStatistics.class);
        var norm = uses.reader(conv.y(), Op.BatchNormForward.class);
        if (statistics.isEmpty() || norm.isEmpty() || !norm.get().statistics().equals(statistics.get().statistics())) {
            return Optional.empty();
        }
        return Optional.of(new NormedConv(conv, statistics.get(), norm.get(), ids.statistics(statistics.get().statistics())));
    }
}
