package separable.exchange;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import separable.graph.StateValue;

/** A model's entries as a file's tensors, and back. */
public final class StateTensors {

    private StateTensors() {
    }

    /** F32 values, or an I64 scalar for a counter. */
    public static NamedTensor tensor(String name, StateValue value) {
        if (value instanceof StateValue.Floats floats) {
            return NamedTensor.of(name, floats.shape().stream().mapToLong(Integer::longValue).toArray(), floats.values());
        }
        return NamedTensor.of(name, new long[0], new long[] {((StateValue.Counter) value).value()});
    }

    /** 16-bit weights widen exactly. @throws IllegalArgumentException for a tensor that is neither floating-point nor one integer */
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

    /** Every tensor's {@link #value}, in the file's order. */
    public static Map<String, StateValue> values(SafeTensors file) {
        Map<String, StateValue> values = new LinkedHashMap<>();
        file.tensors().forEach((name, tensor) -> values.put(name, value(tensor)));
        return values;
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
