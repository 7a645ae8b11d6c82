package separable.exchange;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import separable.graph.ParameterLayout;
import separable.graph.RunningStatistics;
import separable.graph.StateEntry;
import separable.graph.StateValue;
import separable.layer.Network;
import separable.model.MobileNetV2;

/**
 * What a library calls the layers of a network, where Separable has names of its own. An entry's name in a file is its
 * layer's and then what it is: {@code features.0.1} and {@code .running_mean}.
 *
 * @param library for people, and to choose by
 * @param theirs  the library's name by ours, of every layer with parameters; empty where the names are the same
 */
public record LayerNames(String library, Map<String, String> theirs) {

    public static final String TORCHVISION = "torchvision";
    public static final String TIMM = "timm";

    /** Of networks that neither library has. */
    public static final String SEPARABLE = "Separable";

    public LayerNames {
        Objects.requireNonNull(library, "library");
        theirs = Map.copyOf(theirs);
    }

    /** The names that the network's own layers have, which are those of {@code library}. */
    public static LayerNames ours(String library) {
        return new LayerNames(library, Map.of());
    }

    /** timm's {@code mobilenetv2_*}: {@code features.N} is {@code blocks.STAGE.BLOCK} there, and its parts have names. */
    public static LayerNames timm(MobileNetV2 model) {
        Map<String, String> names = new HashMap<>();
        names.put("features.0.0", "conv_stem");
        names.put("features.0.1", "bn1");
        int feature = 1;
        List<Integer> stages = model.blocks();
        for (int stage = 0; stage < stages.size(); stage++) {
            for (int block = 0; block < stages.get(stage); block++) {
                addBlock(names, "features." + feature++ + ".conv.", "blocks." + stage + "." + block + ".", stage > 0);
            }
        }
        names.put("features." + feature + ".0", "conv_head");
        names.put("features." + feature + ".1", "bn2");
        names.put("classifier.1", "classifier");
        return new LayerNames(TIMM, names);
    }

    /** The first stage's block does not expand: its projection is called {@code conv_pw}, which elsewhere is the expansion. */
    private static void addBlock(Map<String, String> names, String ours, String theirs, boolean expands) {
        if (expands) {
            names.put(ours + "0.0", theirs + "conv_pw");
            names.put(ours + "0.1", theirs + "bn1");
        }
        int part = expands ? 1 : 0;
        names.put(ours + part + ".0", theirs + "conv_dw");
        names.put(ours + part + ".1", theirs + "bn" + (part + 1));
        names.put(ours + (part + 1), theirs + (expands ? "conv_pwl" : "conv_pw"));
        names.put(ours + (part + 2), theirs + "bn" + (part + 2));
    }

    /**
     * The library's name of an entry.
     *
     * @param entry our name: {@code LAYER.WHAT}
     * @throws IllegalArgumentException when the library has no such layer
     */
    public String of(String entry) {
        if (theirs.isEmpty()) {
            return entry;
        }
        int dot = entry.lastIndexOf('.');
        String layer = dot < 0 ? null : theirs.get(entry.substring(0, dot));
        if (layer == null) {
            throw new IllegalArgumentException(library + " has no name for '" + entry + "'");
        }
        return layer + entry.substring(dot);
    }

    /**
     * A network's whole state as a file under these names, in the network's order, which is the library's.
     *
     * @param state by our names; counters that it lacks are 0
     * @throws IllegalArgumentException naming entries that are missing, superfluous or of another shape
     */
    public SafeTensors file(Network network, Map<String, StateValue> state) {
        new ParameterLayout(network.state()).requireFitting(state);
        List<NamedTensor> tensors = new ArrayList<>();
        for (StateEntry entry : network.state()) {
            for (String name : entryNames(entry)) {
                tensors.add(StateTensors.tensor(of(name), state.getOrDefault(name, new StateValue.Counter(0))));
            }
        }
        return SafeTensors.of(tensors, Map.of("format", "pt"));
    }

    private static List<String> entryNames(StateEntry entry) {
        return entry instanceof RunningStatistics statistics
                ? List.of(statistics.meanName(), statistics.varianceName(), statistics.counterName()) : List.of(entry.name());
    }
}
