package separable.train;

import java.util.Optional;
import separable.device.CapturedGraph;
import separable.device.GraphNodes;
import separable.device.Stream;

/**
 * Repeats one step: what it enqueues is captured after the first time and from then on launched as one graph, or enqueued
 * anew each time where no graph is wanted. The device does the same work in the same order either way.
 */
public final class StepLoop implements AutoCloseable {

    private final Stream stream;
    private final Runnable step;
    private final boolean captured;
    private boolean warm;
    private CapturedGraph graph;

    /** @param captured whether to use a graph, which the device must be able to: {@link Recipe#capturesOn} */
    public StepLoop(Stream stream, boolean captured, Runnable step) {
        this.stream = stream;
        this.captured = captured;
        this.step = step;
    }

    /** Enqueues one step. */
    public void enqueue() {
        if (!captured || !warm) {
            // The first step loads modules and prepares launches, which a capture does not allow.
            step.run();
            warm = true;
            return;
        }
        if (graph == null) {
            graph = stream.capture(step);
        }
        graph.launch(stream);
    }

    /** What a launch of the graph consists of; empty before there is one. */
    Optional<GraphNodes> nodes() {
        return graph == null ? Optional.empty() : Optional.of(stream.inspect(step));
    }

    boolean hasRun() {
        return warm;
    }

    @Override
    public void close() {
        if (graph != null) {
            graph.close();
        }
    }
}
