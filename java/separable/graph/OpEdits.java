package separable.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Changes of a graph's ops: some go, some give their place to others, and tensors take other tensors' part in those that stay. */
final class OpEdits {

    private final Map<Op, Optional<Op>> changed = new IdentityHashMap<>();
    private final Map<Tensor, Tensor> statistics = new HashMap<>();

    void remove(Op op) {
        changed.putIfAbsent(op, Optional.empty());
    }

    /** Puts {@code other} where {@code op} was. */
    void replace(Op op, Op other) {
        Optional<Op> before = changed.put(op, Optional.of(other));
        if (before != null && before.isPresent()) {
            throw new IllegalStateException(op.name() + ": " + op.getClass().getSimpleName() + " is replaced twice");
        }
    }

    /** Lets the plain ops of a normalisation read {@code table}, whose first two rows are {@code plain}. */
    void readStatistics(Tensor plain, Tensor table) {
        statistics.put(plain, table);
    }

    List<Op> apply(List<Op> ops) {
        List<Op> result = new ArrayList<>();
        for (Op op : ops) {
            Optional<Op> change = changed.get(op);
            if (change == null) {
                result.add(withTables(op));
            } else {
                change.ifPresent(result::add);
            }
        }
        return result;
    }

    private Op withTables(Op op) {
        if (op instanceof Op.BatchNormForward each) {
            return new Op.BatchNormForward(each.name(), each.norm(), each.x(), table(each.statistics()), each.gamma(), each.beta(), each.y());
        }
        if (op instanceof Op.BatchNormBackwardReduce each) {
            return new Op.BatchNormBackwardReduce(each.name(), each.norm(), each.x(), each.dy(), table(each.statistics()), each.gamma(), each.beta(),
                    each.g(), each.dgamma(), each.dbeta());
        }
        if (op instanceof Op.BatchNormBackwardData each) {
            return new Op.BatchNormBackwardData(each.name(), each.norm(), each.x(), each.g(), table(each.statistics()), each.gamma(), each.dgamma(),
                    each.dbeta(), each.dx());
        }
        return op;
    }

    private Tensor table(Tensor plain) {
        return statistics.getOrDefault(plain, plain);
    }
}
