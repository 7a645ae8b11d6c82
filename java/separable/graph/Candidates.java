package separable.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import separable.device.Closing;
import separable.device.Device;
import separable.spec.Products;
import separable.tune.Tuner;

/**
 * Finds the kernel that carries out an op. The choice is made here, when the plan is made, and printed with it; a step never tries
 * anything. Among the many ways to compute a convolution a {@link Tuner} chooses; any other op has one kernel.
 */
final class Candidates {

    private final Map<Class<? extends Op>, Function<Op, Candidate>> makers = new HashMap<>();
    private final Optional<FoldingAlike> alike;

    /** @param alike chooses the kernels of sums, where a plain schedule shall add as the fused one does */
    Candidates(Device device, Tuner tuner, Products products, Optional<FoldingAlike> alike) {
        this.alike = alike;
        ConvolutionCandidates.register(this, tuner, products);
        FoldedCandidates.register(this, device, products);
        NormCandidates.register(this, device);
        PointCandidates.register(this, device);
        PoolCandidates.register(this, device);
        FusedCandidates.register(this, device, products);
        FusedHeadCandidates.register(this, device, products);
    }

    /** Says how ops of one type are carried out. */
    <T extends Op> void on(Class<T> type, Function<T, Candidate> maker) {
        if (makers.put(type, op -> maker.apply(type.cast(op))) != null) {
            throw new IllegalStateException(type.getSimpleName() + " is registered twice");
        }
    }

    /** One kernel for each op of the graph, to be closed by the caller. */
    List<Candidate> choose(Graph graph) {
        List<Candidate> chosen = new ArrayList<>();
        try {
            for (Op op : graph.ops()) {
                chosen.add(alike.flatMap(twin -> twin.of(op)).orElseGet(() -> of(op)));
            }
        } catch (RuntimeException failure) {
            throw Closing.after(failure, chosen);
        }
        return chosen;
    }

    private Candidate of(Op op) {
        Function<Op, Candidate> maker = makers.get(op.getClass());
        if (maker == null) {
            throw new IllegalArgumentException(op.name() + ": no kernel is known for " + op.getClass().getSimpleName());
        }
        return maker.apply(op);
    }
}
