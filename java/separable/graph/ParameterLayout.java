package separable.graph;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Where each parameter and each pair of running statistics lies in two flat fp32 buffers, in elements. Every one starts at
 * a multiple of {@link #ALIGNMENT}, so that one byte a group of that many tells whether weight decay applies.
 */
public final class ParameterLayout {

    /** Elements; the decay mask has one byte for so many. */
    public static final int ALIGNMENT = 64;

    private final List<StateEntry> entries;
    private final Map<String, Integer> parameterOffsets = new LinkedHashMap<>();
    private final Map<String, Integer> runningOffsets = new LinkedHashMap<>();
    private final int elements;
    private final int runningElements;

    public ParameterLayout(List<StateEntry> entries) {
        this.entries = List.copyOf(entries);
        int parameterEnd = 0;
        int runningEnd = 0;
        for (StateEntry entry : entries) {
            int size = align(entry.storage().elements());
            if (entry instanceof Parameter) {
                parameterOffsets.put(entry.name(), parameterEnd);
                parameterEnd = Math.addExact(parameterEnd, size);
            } else {
                runningOffsets.put(entry.name(), runningEnd);
                runningEnd = Math.addExact(runningEnd, size);
            }
        }
        elements = parameterEnd;
        runningElements = runningEnd;
    }

    private static int align(int count) {
        return Math.addExact(count, ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** In file order. */
    public List<StateEntry> entries() {
        return entries;
    }

    public List<Parameter> parameters() {
        List<Parameter> found = new ArrayList<>();
        for (StateEntry entry : entries) {
            if (entry instanceof Parameter parameter) {
                found.add(parameter);
            }
        }
        return found;
    }

    /** Of the flat weights, alignment gaps and surplus channels included: a multiple of {@link #ALIGNMENT}. */
    public int elements() {
        return elements;
    }

    /** Of the flat running statistics. */
    public int runningElements() {
        return runningElements;
    }

    /** First element of a parameter in the flat weights and gradients. */
    public int offset(String parameter) {
        return find(parameterOffsets, parameter, "parameter");
    }

    /** First element of a batch normalisation's running mean in the flat running statistics; the variance follows. */
    public int runningOffset(String name) {
        return find(runningOffsets, name, "running statistics");
    }

    private static int find(Map<String, Integer> offsets, String name, String what) {
        Integer offset = offsets.get(name);
        if (offset == null) {
            throw new IllegalArgumentException("there is no " + what + " '" + name + "'; there are " + new TreeSet<>(offsets.keySet()));
        }
        return offset;
    }

    /** One byte for each {@link #ALIGNMENT} elements of the flat weights: 1 where weight decay applies. */
    public byte[] decayMask(Predicate<Parameter> decays) {
        byte[] mask = new byte[elements / ALIGNMENT];
        for (Parameter parameter : parameters()) {
            if (decays.test(parameter)) {
                int first = offset(parameter.name()) / ALIGNMENT;
                Arrays.fill(mask, first, first + align(parameter.storage().elements()) / ALIGNMENT, (byte) 1);
            }
        }
        return mask;
    }

    /**
     * Checks, without a device, that the entries of a file are those of this layout.
     *
     * @throws IllegalArgumentException naming entries that are missing, superfluous or of another shape
     */
    public void requireFitting(Map<String, StateValue> values) {
        new StateLoader(this, values);
    }
}
