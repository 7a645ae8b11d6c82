package separable.layer;

import java.util.Objects;

/** A layer and its name in a network; the names of its parameters begin with it. */
public record NamedLayer(String name, Layer layer) {

    public NamedLayer {
        Objects.requireNonNull(layer, "layer");
        if (name.isBlank()) {
            throw new IllegalArgumentException("a layer needs a name: " + layer);
        }
    }
}
