package separable.spec;

/** What a convolution computes: its output, or one of its two gradients. */
public enum Pass {
    FORWARD("forward"),
    BACKWARD_DATA("data"),
    BACKWARD_FILTER("filter");

    private final String label;

    Pass(String label) {
        this.label = label;
    }

    /** The name users type and read: {@code forward}, {@code data}, {@code filter}. */
    @Override
    public String toString() {
        return label;
    }

    /** @throws IllegalArgumentException naming the accepted labels */
    public static Pass parse(String label) {
        return Labels.parse(Pass.class, label, "pass");
    }
}
