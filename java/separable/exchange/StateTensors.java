package separable.exchange;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import separable.graph.StateValue;

/** A model's state as tensors of a file: weights fp32, counters int64 scalars. */
public final class StateTensors {

    private StateTensors() {
    }

    /** One entry under a name for the file. */
    public static NamedTensor tensor(String name, StateValue value) {
        if (value instanceof StateValue.Floats floats) {
            return NamedTensor.of(name, floats.shape().stream().mapToLong(Integer::longValue).toArray(), floats.values());
        }
        return NamedTensor.of(name, new long[0], new long[] {((StateValue.Counter) value).value()});
    }

    /** The reverse; 16-bit weights widen exactly. @throws IllegalArgumentException when it is neither weights nor a counter */
    public static StateValue value(NamedTensor tensor) {
        ElementType type = tensor.type();
        if (type == ElementType.F32 || type == ElementType.F16 || type == ElementType.BF16) {
            return new StateValue.Floats(extents(tensor), tensor.floats());
        }
        if ((type == ElementType.I64 || type == ElementType.I32) && tensor.elements() == 1) {
            return new StateValue.Counter(tensor.integers()[0]);
        }
        throw new IllegalArgumentException("'" + tensor.name() + "' holds " + tensor.elements() + " elements of " + type
                + ": weights are floating-point, counters one integer");
    }

    /** A tensor without elements may announce extents beyond int. */
    private static List<Integer> extents(NamedTensor tensor) {
        List<Integer> extents = new ArrayList<>();
        for (long extent : tensor.shape()) {
            if (extent > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("'" + tensor.name() + "' has the shape " + Arrays.toString(tensor.shape())
                        + ": no weights have that");
            }
            extents.add((int) extent);
        }
        return extents;
    }
}
