package separable.graph;

import separable.spec.DType;
import separable.spec.Shape;

/** Makes the tensors that a pass adds to a graph. */
final class TensorIds {

    private int next;

    TensorIds(Graph graph) {
        next = graph.nextId();
    }

    /** In place of a plain op's {@code [2, C]}. */
    Tensor statistics(Tensor plain) {
        return vectors(plain.name(), 4, plain.shape().c(), Role.STATISTICS);
    }

    Tensor sums(Tensor statistics) {
        return vectors("sums " + statistics.name(), 2, statistics.shape().c(), Role.SUMS);
    }

    /** @param w a pointwise filter as it is stored, {@code [Cout, 1, 1, Cin]} */
    Tensor partials(Tensor w, int parts) {
        return new Tensor(next++, "partials " + w.name(), new Shape(parts, w.shape().n(), 1, w.shape().c()), DType.F32, Role.PARTIALS);
    }

    private Tensor vectors(String name, int count, int channels, Role role) {
        return new Tensor(next++, name, new Shape(count, 1, 1, channels), DType.F32, role);
    }
}
