package separable.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import separable.device.Device;

/**
 * Finds the kernels that can carry out an op. The choice is made here, when the plan is made, and printed with it; a step
 * never tries anything. Today every op has one kernel; a library or a tuned variant becomes a second entry of its list.
 */
final class Candidates {

    private final Map<Class<? extends Op>, Function<Op, List<Candidate>>> makers = new HashMap<>();

    Candidates(Device device) {
        ConvolutionCandidates.register(this, device);
        NormCandidates.register(this, device);
        PointCandidates.register(this, device);
        PoolCandidates.register(this, device);
    }

    /** Says how ops of one type are carried out: the candidates that support the op, best first. */
    <T extends Op> void on(Class<T> type, Function<T, List<Candidate>> maker) {
        if (makers.put(type, op -> maker.apply(type.cast(op))) != null) {
            throw new IllegalStateException(type.getSimpleName() + " is registered twice");
        }
    }

    /** One kernel for each op of the graph. */
    List<Candidate> choose(Graph graph) {
        List<Candidate> chosen = new ArrayList<>();
        for (Op op : graph.ops()) {
            List<Candidate> able = of(op);
            if (able.isEmpty()) {
                throw new IllegalArgumentException(op.name() + ": no kernel supports " + op);
            }
            chosen.add(able.get(0));
        }
        return chosen;
    }

    List<Candidate> of(Op op) {
        Function<Op, List<Candidate>> maker = makers.get(op.getClass());
        if (maker == null) {
            throw new IllegalArgumentException(op.name() + ": no kernel is known for " + op.getClass().getSimpleName());
        }
        return maker.apply(op);
    }
}
