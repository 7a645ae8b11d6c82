package separable.graph;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Bytes that a graph's ops move at least: every tensor once for each time that it must go to or from memory. What a kernel reads again
 * for the rim of a tile or for another tile's columns is not counted.
 *
 * @param activations of the input, activations and their gradients, by the layer that the op serves, in order of execution
 * @param others      of parameters and their gradients, statistics, sums, addends of gradients and labels
 */
public record Traffic(Map<String, Long> activations, long others) {

    public Traffic {
        activations = Collections.unmodifiableMap(new LinkedHashMap<>(activations));
    }

    public static Traffic of(Graph graph) {
        Map<String, Long> activations = new LinkedHashMap<>();
        long others = 0;
        for (Op op : graph.ops()) {
            long own = activationBytes(op);
            activations.merge(op.name(), own, Long::sum);
            others += bytes(op) - own;
        }
        return new Traffic(activations, others);
    }

    /** Of all layers. */
    public long activationBytes() {
        return activations.values().stream().mapToLong(each -> each).sum();
    }

    /** Of everything. */
    public long bytes() {
        return activationBytes() + others;
    }

    /** What one op moves. */
    static long bytes(Op op) {
        return op.traffic().stream().mapToLong(Tensor::bytes).sum();
    }

    private static long activationBytes(Op op) {
        List<Role> counted = List.of(Role.INPUT, Role.ACTIVATION, Role.GRADIENT);
        return op.traffic().stream().filter(tensor -> counted.contains(tensor.role())).mapToLong(Tensor::bytes).sum();
    }
}
