package separable.exchange;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import separable.graph.StateEntry;
import separable.layer.Dense;
import separable.layer.NamedLayer;
import separable.layer.Network;

/**
 * The part of a network that knows the classes: its last layer, which is dense. The rest is the body.
 *
 * @param layer its name
 */
public record Head(String layer) {

    /** @throws IllegalArgumentException when the network does not end in a dense layer */
    public static Head of(Network network) {
        List<NamedLayer> layers = network.layers();
        NamedLayer last = layers.get(layers.size() - 1);
        if (!(last.layer() instanceof Dense)) {
            throw new IllegalArgumentException(network.name() + ": ends in '" + last.name() + "', which is no dense layer and so no head");
        }
        return new Head(last.name());
    }

    /** Whether a state entry, by our name, is of the head. */
    public boolean holds(String entry) {
        return entry.startsWith(layer + ".");
    }

    /** What the names of the body's entries begin with, up to their first dot, in the network's order. */
    public List<String> body(Network network) {
        Set<String> beginnings = new LinkedHashSet<>();
        for (StateEntry entry : network.state()) {
            if (!holds(entry.name())) {
                beginnings.add(entry.name().split("\\.", 2)[0]);
            }
        }
        return List.copyOf(beginnings);
    }
}
