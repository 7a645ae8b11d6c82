package separable.exchange;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import separable.graph.Parameter;
import separable.graph.RunningStatistics;
import separable.graph.StateEntry;
import separable.graph.StateValue;
import separable.layer.Network;

/**
 * A network's state taken out of a file by name.
 *
 * @param state  by our names: the whole body, and the head unless that is to be new; no counters, which belong to the run that made the file
 * @param report on every entry
 */
public record StateImport(Map<String, StateValue> state, ImportReport report) {

    public StateImport {
        state = Map.copyOf(state);
    }

    /**
     * Takes from {@code file} what {@code network} has a place for. A head for another number of classes, or none, is left out, and
     * said in the report.
     *
     * @param namings names that the file may have; those that more of its entries have are taken
     * @param newHead whether to leave the head out even where it fits
     * @throws IllegalArgumentException in one line, when the body is not all there in the right shapes, or holds what is no number
     */
    public static StateImport of(SafeTensors file, Network network, List<LayerNames> namings, boolean newHead) {
        Map<String, List<Integer>> shapes = shapes(network);
        LayerNames names = namings.stream()
                .max(Comparator.comparingLong(naming -> shapes.keySet().stream().filter(own -> file.tensors().containsKey(naming.of(own))).count()))
                .orElseThrow(() -> new IllegalArgumentException(network.name() + ": no names to look for"));
        StateImport found = new Search(file, names, shapes, Head.of(network)).run(newHead);
        if (!found.report().fits()) {
            throw new IllegalArgumentException("does not fit " + network.name() + ": " + found.report()
                    + ". Give the network the width, depth and input channels that the file has");
        }
        return found;
    }

    /** The shapes of all entries in files, by our names; counters left out. */
    private static Map<String, List<Integer>> shapes(Network network) {
        Map<String, List<Integer>> shapes = new LinkedHashMap<>();
        for (StateEntry entry : network.state()) {
            if (entry instanceof Parameter parameter) {
                shapes.put(parameter.name(), parameter.fileShape());
            } else if (entry instanceof RunningStatistics statistics) {
                shapes.put(statistics.meanName(), List.of(statistics.channels()));
                shapes.put(statistics.varianceName(), List.of(statistics.channels()));
            }
        }
        return shapes;
    }

    private static final class Search {
        private static final String COUNTER = ".num_batches_tracked";

        private final SafeTensors file;
        private final LayerNames names;
        private final Map<String, List<Integer>> shapes;
        private final Head head;
        private final Map<String, StateValue> state = new LinkedHashMap<>();
        private final Set<String> extra;
        private final List<String> missing = new ArrayList<>();
        private final List<String> misshapen = new ArrayList<>();

        Search(SafeTensors file, LayerNames names, Map<String, List<Integer>> shapes, Head head) {
            this.file = file;
            this.names = names;
            this.shapes = shapes;
            this.head = head;
            this.extra = new LinkedHashSet<>(file.names());
        }

        StateImport run(boolean newHead) {
            String reason = newHead ? "as asked for" : headReason();
            shapes.forEach((own, shape) -> {
                String name = names.of(own);
                extra.remove(name);
                if (own.endsWith(".running_mean")) {
                    extra.remove(names.of(own.replaceFirst("\\.running_mean$", COUNTER)));
                }
                if (reason.isEmpty() || !head.holds(own)) {
                    take(own, name, shape);
                }
            });
            return new StateImport(state, new ImportReport(names.library(), state.size(), missing, extra.stream().map(name -> "'" + name + "'").toList(), misshapen, reason));
        }

        /** Why the head cannot be the file's; empty when it can. */
        private String headReason() {
            String name = names.of(head.layer() + ".weight");
            NamedTensor weight = file.tensors().get(name);
            if (weight == null) {
                return "the file has no '" + name + "'";
            }
            long[] found = weight.shape();
            int classes = shapes.get(head.layer() + ".weight").get(0);
            return found.length == 2 && found[0] != classes ? "the file's has " + found[0] + " classes, the network " + classes : "";
        }

        private void take(String own, String name, List<Integer> shape) {
            NamedTensor tensor = file.tensors().get(name);
            if (tensor == null) {
                missing.add("'" + name + "' " + shape);
                return;
            }
            StateValue value = StateTensors.value(tensor);
            if (value instanceof StateValue.Floats floats && floats.shape().equals(shape)) {
                requireNumbers(name, floats.values());
                state.put(own, value);
            } else {
                misshapen.add("'" + name + "' is " + value.shape() + " instead of " + shape);
            }
        }

        private static void requireNumbers(String name, float[] values) {
            for (int i = 0; i < values.length; i++) {
                if (!Float.isFinite(values[i])) {
                    throw new IllegalArgumentException("'" + name + "' holds " + values[i] + " at position " + i
                            + ": the file is damaged, or of a run that diverged");
                }
            }
        }
    }
}
