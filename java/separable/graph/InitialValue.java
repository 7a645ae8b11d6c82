package separable.graph;

/**
 * The distribution a parameter's first values are drawn from.
 *
 * @param first  mean, lower bound, or the constant
 * @param second standard deviation or upper bound; 0 for a constant
 */
public record InitialValue(Distribution distribution, float first, float second) {

    public enum Distribution { NORMAL, UNIFORM, CONSTANT }

    public InitialValue {
        if (!Float.isFinite(first) || !Float.isFinite(second)) {
            throw new IllegalArgumentException("initial values " + distribution + "(" + first + ", " + second + ") must be finite");
        }
    }

    public static InitialValue normal(double mean, double deviation) {
        return new InitialValue(Distribution.NORMAL, (float) mean, (float) deviation);
    }

    public static InitialValue uniform(double low, double high) {
        return new InitialValue(Distribution.UNIFORM, (float) low, (float) high);
    }

    public static InitialValue constant(double value) {
        return new InitialValue(Distribution.CONSTANT, (float) value, 0);
    }
}
