package separable.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The pass from the plain schedule of a training step to the fused one ({@link Schedule#FUSED}): the same values of fewer launches, each of
 * which makes what it needs on load. What does not fit stays as it is around it: other layers, frozen ones, general convolutions.
 */
final class Fusion {

    private Fusion() {}

    /** @param training with its gradient ops, as {@link Backward} leaves it */
    static Graph of(Graph training, FusedKernels kernels) {
        Uses uses = new Uses(training);
        OpEdits edits = new OpEdits();
        TensorIds ids = new TensorIds(training);
        Map<Tensor, NormedConv> layers = NormedConv.in(training, uses, kernels, ids);
        BackwardFusion backward = new BackwardFusion(uses, kernels, layers, ids, edits);
        var fold = backward.run(training.ops());
        HeadFusion head = new HeadFusion(training, uses, kernels, edits);
        head.run(layers);
        new ForwardFusion(uses, layers, head, backward::includes, edits).run();
        List<Op> ops = new ArrayList<>(edits.apply(training.ops()));
        fold.ifPresent(ops::add);
        return training.withOps(ops);
    }
}
