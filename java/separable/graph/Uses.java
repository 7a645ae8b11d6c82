package separable.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Who writes and who reads the tensors of a graph. */
final class Uses {

    private final Map<Tensor, Op> producers = new HashMap<>();
    private final Map<Tensor, List<Op>> readers = new HashMap<>();

    Uses(Graph graph) {
        for (Op op : graph.ops()) {
            // A reduction without activation names its input as its output: the tensor is still its first writer's.
            op.writes().forEach(tensor -> producers.putIfAbsent(tensor, op));
            op.reads().stream().distinct().forEach(tensor -> readers.computeIfAbsent(tensor, any -> new ArrayList<>()).add(op));
        }
    }

    /** In the order of the ops. */
    List<Op> readers(Tensor tensor) {
        return readers.getOrDefault(tensor, List.of());
    }

    /** The only op of a type that reads {@code tensor}. */
    <T extends Op> Optional<T> reader(Tensor tensor, Class<T> type) {
        List<T> found = readers(tensor).stream().filter(type::isInstance).map(type::cast).toList();
        return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
    }

    /** The op that reads {@code tensor}, when it is the only one and of a type. */
    <T extends Op> Optional<T> onlyReader(Tensor tensor, Class<T> type) {
        return readers(tensor).size() == 1 ? reader(tensor, type) : Optional.empty();
    }

    /** The op that writes {@code tensor}, when it is of a type. */
    <T extends Op> Optional<T> producer(Tensor tensor, Class<T> type) {
        return Optional.ofNullable(producers.get(tensor)).filter(type::isInstance).map(type::cast);
    }
}
