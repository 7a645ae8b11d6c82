package separable.layer;

import separable.graph.InitialValue;

/**
 * The rule by which a filter starts; the filter's extents turn it into a distribution.
 *
 * @param value the standard deviation of {@link Rule#NORMAL}, otherwise unused
 */
public record Initial(Rule rule, float value) {

    /** Named after where they come from. A fan is channels times taps. */
    public enum Rule {
        /** Normal, variance 2/fan_out, where a depthwise filter's fan_out counts all channels: PyTorch's kaiming_normal_. */
        KAIMING_FAN_OUT,
        /** The same, with a depthwise filter's fan_out the taps of one channel: timm's and TensorFlow's. */
        KAIMING_FAN_OUT_PER_GROUP,
        /** Uniform in ±sqrt(6/fan_in): He's for ReLU networks without normalisation. */
        HE_UNIFORM,
        /** Normal with a given deviation. */
        NORMAL
    }

    public static final Initial KAIMING_FAN_OUT = new Initial(Rule.KAIMING_FAN_OUT, 0);
    public static final Initial KAIMING_FAN_OUT_PER_GROUP = new Initial(Rule.KAIMING_FAN_OUT_PER_GROUP, 0);
    public static final Initial HE_UNIFORM = new Initial(Rule.HE_UNIFORM, 0);

    public static Initial normal(double deviation) {
        return new Initial(Rule.NORMAL, (float) deviation);
    }

    /** @param in input channels of one group */
    InitialValue of(int out, int in, int groups, int taps) {
        return switch (rule) {
            case KAIMING_FAN_OUT -> InitialValue.normal(0, Math.sqrt(2.0 / ((double) out * taps)));
            case KAIMING_FAN_OUT_PER_GROUP -> InitialValue.normal(0, Math.sqrt(2.0 * groups / ((double) out * taps)));
            case HE_UNIFORM -> {
                double bound = Math.sqrt(6.0 / ((double) in * taps));
                yield InitialValue.uniform(-bound, bound);
            }
            case NORMAL -> InitialValue.normal(0, value);
        };
    }
}
