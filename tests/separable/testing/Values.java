package separable.testing;

/** Numbers on the host, in double precision, without the padding of the device. */
public interface Values {

    /** The numbers themselves, not a copy. */
    double[] values();

    /** The sum of products with {@code other}: with a gradient, the loss whose gradient it is. */
    default double dot(Values other) {
        double sum = 0;
        for (int i = 0; i < values().length; i++) {
            sum += values()[i] * other.values()[i];
        }
        return sum;
    }
}
