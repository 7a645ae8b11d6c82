package separable.layer;

/** A layer that cannot take its input; the message names the layer and the shapes. */
public final class ShapeException extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    ShapeException(String layer, String problem) {
        super("layer '" + layer + "': " + problem);
    }
}
