package separable.graph;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A plan as a table for people. */
final class PlanTable {

    private static final String ROW = "%4s  %-24s %-24s %-44s %14s %14s  %s%n";

    private PlanTable() {}

    static String of(Graph graph, String precision, List<Candidate> chosen, List<OpTraffic> traffic, long arenaBytes) {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, ROW, "op", "layer", "operation", "reads -> writes", "bytes moved", "workspace", "kernel"));
        for (int at = 0; at < chosen.size(); at++) {
            Op op = graph.ops().get(at);
            text.append(String.format(Locale.ROOT, ROW, at, op.name(), op.getClass().getSimpleName(), shapes(op.reads()) + " -> " + shapes(op.writes()),
                    grouped(traffic.get(at).bytes()), grouped(chosen.get(at).workspaceBytes()), chosen.get(at).kernel()));
        }
        long moved = traffic.stream().mapToLong(OpTraffic::bytes).sum();
        long activations = traffic.stream().mapToLong(OpTraffic::activations).sum();
        return text.append(String.format(Locale.ROOT, "%s, batch %d, %s: %d ops, %d launches, %s bytes moved (activations %s), %s bytes of arena%n",
                graph.name(), graph.batch(), precision, chosen.size(), chosen.size(), grouped(moved), grouped(activations), grouped(arenaBytes))).toString();
    }

    private static String shapes(List<Tensor> tensors) {
        return tensors.stream().filter(tensor -> OpTraffic.isActivation(tensor.role()))
                .map(tensor -> tensor.shape().toString()).collect(Collectors.joining(", "));
    }

    private static String grouped(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }
}
