package separable.train;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import separable.graph.StateValue;

/**
 * A run under way, as its listeners see it. What is read comes from the device, which finishes the steps it was given first: in a
 * callback within an epoch that costs the run a wait, at evaluations, checkpoints and ends of epochs the device is idle anyway.
 *
 * <p>Valid until the run ends, on the training thread; {@link #stop} may be called from any.
 */
public interface RunContext {

    RunConfig config();

    /** Where results go. */
    Path folder();

    /** Optimizer steps of the run that the device was given, those before it went on included. */
    long steps();

    /** Weights, running statistics and counters after {@link #steps}, by PyTorch's names, in its shapes; averaged as files get them. */
    Map<String, StateValue> weights();

    /** The gradients of the last of {@link #steps}, by the weights' names and in their shapes; in fp16 of the scaled loss; zeros before the first one of this process. */
    Map<String, StateValue.Floats> gradients();

    /** The pictures of the last step, as the network saw them; empty before the first one of this process. */
    Optional<TrainingBatch> batch();

    /**
     * Ends the run between two steps, or before the first one. Weights and figures so far are saved, a checkpoint is written, from which
     * {@link TrainingRun#resume} goes on, and the run returns its last epoch's evaluation.
     */
    void stop();
}
