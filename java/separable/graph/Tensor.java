package separable.graph;

import java.util.Objects;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * A value that ops read and write: a node of the graph, not memory. Written by one op only, but for {@link Role#RUNNING}.
 *
 * @param id    unique within its graph
 * @param name  for people; for parameters and running statistics the name under which {@link Parameters} holds it
 * @param shape logical extents; a filter has its stored extents, see {@link Parameter#storage()}
 * @param type  of a stored element; {@link Role#LABELS} are int32 whatever it says
 */
public record Tensor(int id, String name, Shape shape, DType type, Role role) {

    public Tensor {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(shape, "shape");
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(role, "role");
    }

    /** Stored bytes, surplus channels included. */
    public long bytes() {
        return role == Role.LABELS ? (long) shape.rows() * Integer.BYTES : shape.bytes(type);
    }

    @Override
    public String toString() {
        return name + " " + shape;
    }
}
