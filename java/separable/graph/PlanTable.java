package separable.graph;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A plan as a table for people. */
final class PlanTable {

    private static final String ROW = "%4s  %-24s %-24s %-44s %14s %14s  %s%n";

    private PlanTable() {}

    static String of(Graph graph, String precision, List<Candidate> chosen, long arenaBytes) {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, ROW, "op", "layer", "operation", "reads -> writes", "bytes moved", "workspace", "kernel"));
        long moved = 0;
        for (int at = 0; at < chosen.size(); at++) {
            Op op = graph.ops().get(at);
            long bytes = bytesMoved(op);
            moved += bytes;
            text.append(String.format(Locale.ROOT, ROW, at, op.name(), op.getClass().getSimpleName(), shapes(op.reads()) + " -> " + shapes(op.writes()),
                    grouped(bytes), grouped(chosen.get(at).workspaceBytes()), chosen.get(at).kernel()));
        }
        return text.append(String.format(Locale.ROOT, "%s, batch %d, %s: %d ops, %d launches, %s bytes moved, %s bytes of arena%n",
                graph.name(), graph.batch(), precision, chosen.size(), chosen.size(), grouped(moved), grouped(arenaBytes))).toString();
    }

    /** Every tensor once in or out: what the op must move at least. */
    private static long bytesMoved(Op op) {
        return op.reads().stream().mapToLong(Tensor::bytes).sum() + op.writes().stream().mapToLong(Tensor::bytes).sum();
    }

    private static String shapes(List<Tensor> tensors) {
        return tensors.stream().filter(tensor -> tensor.role() == Role.INPUT || tensor.role() == Role.ACTIVATION || tensor.role() == Role.GRADIENT)
                .map(tensor -> tensor.shape().toString()).collect(Collectors.joining(", "));
    }

    private static String grouped(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }
}
