package separable.bench;

import separable.spec.ConvSpec;
import separable.spec.Labels;

/** The kinds of convolution that reports keep apart: each has a limit of its own. */
public enum ConvFamily {
    /** One filter a channel: bound by memory. */
    DEPTHWISE("depthwise", "dw"),
    /** 1x1: a matrix product. */
    POINTWISE("pointwise", "pw"),
    /** Any other: the stem, grouped convolutions. */
    OTHER("other", "conv");

    private final String label;
    private final String abbreviation;

    ConvFamily(String label, String abbreviation) {
        this.label = label;
        this.abbreviation = abbreviation;
    }

    public static ConvFamily of(ConvSpec spec) {
        return spec.isDepthwise() ? DEPTHWISE : spec.isPointwise() ? POINTWISE : OTHER;
    }

    String abbreviation() {
        return abbreviation;
    }

    /** The name users type and read: {@code depthwise}, {@code pointwise}, {@code other}. */
    @Override
    public String toString() {
        return label;
    }

    /** @throws IllegalArgumentException naming the accepted labels */
    public static ConvFamily parse(String label) {
        return Labels.parse(ConvFamily.class, label, "kind of convolution");
    }
}
