package separable.graph;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Turns the entries of a file into the flat buffers of a {@link ParameterLayout}, or says all that does not fit. */
final class StateLoader {

    /** An error names at most so many entries of each kind. */
    private static final int NAMED = 3;

    private final Map<String, StateValue> values;
    private final float[] weights;
    private final float[] running;
    private long batchesTracked;
    private final Set<String> extra;
    private final List<String> missing = new ArrayList<>();
    private final List<String> misshapen = new ArrayList<>();

    /** A file without {@code num_batches_tracked} is accepted: old ones have none. */
    StateLoader(ParameterLayout layout, Map<String, StateValue> values) {
        this.values = values;
        this.weights = new float[layout.elements()];
        this.running = new float[layout.runningElements()];
        this.extra = new HashSet<>(values.keySet());
        for (StateEntry entry : layout.entries()) {
            if (entry instanceof Parameter parameter) {
                float[] file = take(parameter.name(), parameter.fileShape(), parameter.count());
                float[] stored = parameter.toMemory(file);
                System.arraycopy(stored, 0, weights, layout.offset(parameter.name()), stored.length);
            } else if (entry instanceof RunningStatistics statistics) {
                take(statistics, layout.runningOffset(statistics.name()));
            }
        }
        report();
    }

    private void take(RunningStatistics statistics, int offset) {
        int channels = statistics.channels();
        List<Integer> shape = List.of(channels);
        System.arraycopy(take(statistics.meanName(), shape, channels), 0, running, offset, channels);
        System.arraycopy(take(statistics.varianceName(), shape, channels), 0, running, offset + statistics.storage().channelStride(), channels);
        extra.remove(statistics.counterName());
        StateValue counter = values.get(statistics.counterName());
        if (counter instanceof StateValue.Counter seen) {
            batchesTracked = Math.max(batchesTracked, seen.value());
        } else if (counter != null) {
            misshapen.add("'" + statistics.counterName() + "' is " + counter.shape() + " floats instead of an int64 scalar");
        }
    }

    /** The entry's values, or zeros after noting what is wrong with it. */
    private float[] take(String name, List<Integer> shape, int count) {
        extra.remove(name);
        StateValue value = values.get(name);
        if (value == null) {
            missing.add("'" + name + "' " + shape);
        } else if (value instanceof StateValue.Floats floats && floats.shape().equals(shape)) {
            return floats.values();
        } else {
            misshapen.add("'" + name + "' is " + value.shape() + " instead of " + shape);
        }
        return new float[count];
    }

    private void report() {
        List<String> problems = new ArrayList<>();
        note(problems, "missing", missing);
        note(problems, "not of this model", extra.stream().sorted().map(name -> "'" + name + "'").toList());
        note(problems, "of another shape", misshapen);
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("the saved state does not fit the model: " + String.join("; ", problems)
                    + ". Give the model the width, classes and input channels it was saved with");
        }
    }

    private static void note(List<String> problems, String what, List<String> entries) {
        if (!entries.isEmpty()) {
            String more = entries.size() > NAMED ? " and " + (entries.size() - NAMED) + " more" : "";
            problems.add(what + ": " + String.join(", ", entries.subList(0, Math.min(NAMED, entries.size()))) + more);
        }
    }

    float[] weights() {
        return weights;
    }

    float[] running() {
        return running;
    }

    long batchesTracked() {
        return batchesTracked;
    }
}
