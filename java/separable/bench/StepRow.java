package separable.bench;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import separable.device.GraphNodes;
import separable.tune.Timing;

/**
 * What was seen of one kind of step.
 *
 * @param timing       microseconds of a step; a sample is {@link Timing#group} steps in a row
 * @param nodes        of the graph that was launched; empty where steps could not be captured, and their kernels were launched one by one
 * @param ops          kernel calls of the plan, forward and backward
 * @param launches     each of them by itself; empty where that was not asked for
 * @param traffic      as the plan counts it
 * @param memory       on the device
 * @param loss         mean of the last step
 */
public record StepRow(StepCase what, Timing timing, Optional<GraphNodes> nodes, int ops, List<LaunchRow> launches, Traffic traffic, Memory memory,
                      double loss) {

    /**
     * Bytes that a step moves at least, every operand of an op once; the batch's making and the update are not counted.
     *
     * @param forward     up to the loss
     * @param backward    after it
     * @param activations of these two together, what grows with batch and resolution
     */
    public record Traffic(long forward, long backward, long activations) {

        public long bytes() {
            return forward + backward;
        }
    }

    /**
     * @param peak    bytes of all buffers at the moment when they were the most
     * @param dataset bytes of the pictures, which are among them
     * @param driver  bytes by which the device's free memory shrank: the buffers, the kernels' code, the captured graph
     */
    public record Memory(long peak, long dataset, long driver) {
    }

    public StepRow {
        Objects.requireNonNull(what, "what");
        Objects.requireNonNull(nodes, "nodes");
        launches = List.copyOf(launches);
        Objects.requireNonNull(traffic, "traffic");
        Objects.requireNonNull(memory, "memory");
        if (!(timing.lower() > 0)) {
            throw new IllegalArgumentException(what + " took " + timing.lower() + " us: the clock is too coarse for it");
        }
    }

    /** Pictures a second, of steps that take so many microseconds. */
    public double imagesPerSecond(double microseconds) {
        return 1e6 * what.batch() / microseconds;
    }

    public double bytesPerSecond() {
        return 1e6 * traffic.bytes() / timing.median();
    }

    public double bytesPerImage() {
        return (double) traffic.bytes() / what.batch();
    }
}
