package separable.graph;

import static java.util.Objects.requireNonNull;

/**
 * An op of a plan.
 *
 * @param multiplyAdds of its convolutions
 * @param kernel       that carries it out, for people
 */
public record PlannedOp(OpTraffic traffic, long multiplyAdds, String kernel) {

    public PlannedOp {
        requireNonNull(traffic, "traffic");
        requireNonNull(kernel, "kernel");
        if (multiplyAdds < 0) {
            throw new IllegalArgumentException(traffic.layer() + ": " + multiplyAdds + " multiply-adds");
        }
    }
}
