package separable.graph;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import separable.spec.DType;

/**
 * A list of ops in the order of their execution, and what the outside touches.
 *
 * @param ops    every op reads only what earlier ones wrote, the input, the labels, parameters or running statistics
 * @param state  what a model of this graph is saved with, in file order
 * @param labels absent without a loss
 * @param type   of activations and their gradients
 */
public record Graph(String name, DType type, List<Op> ops, List<StateEntry> state, Tensor input, Optional<Tensor> labels,
                    Tensor logits) {

    public Graph {
        ops = List.copyOf(ops);
        state = List.copyOf(state);
    }

    /** The same interface to the outside around other ops: what a pass returns. */
    public Graph withOps(List<Op> replaced) {
        return new Graph(name, type, replaced, state, input, labels, logits);
    }

    /** Pictures in a batch. */
    public int batch() {
        return input.shape().n();
    }

    /** The first unused tensor id. */
    int nextId() {
        int highest = logits.id();
        for (Op op : ops) {
            for (Tensor tensor : op.reads()) {
                highest = Math.max(highest, tensor.id());
            }
            for (Tensor tensor : op.writes()) {
                highest = Math.max(highest, tensor.id());
            }
        }
        return highest + 1;
    }

    /** One line an op: its layer, what it does, and the tensors it reads and writes. */
    public String describe() {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < ops.size(); at++) {
            Op op = ops.get(at);
            text.append(String.format(Locale.ROOT, "%4d  %-24s %-24s %s -> %s%n", at, op.name(), op.getClass().getSimpleName(), op.reads(), op.writes()));
        }
        return text.toString();
    }
}
