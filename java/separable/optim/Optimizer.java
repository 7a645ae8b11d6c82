package separable.optim;

import separable.device.Device;
import separable.graph.Parameters;
import separable.kernel.StepState;

/** A rule that turns gradients into new weights, with its hyper-parameters; the learning rate comes from a {@link Schedule}. */
public sealed interface Optimizer permits Sgd, RmsProp, Adam {

    /** fp32 state buffers, each as long as the parameters. */
    int slots();

    /** What state buffer {@code slot} is filled with before the first step. */
    float initialValue(int slot);

    /** Added to the gradient, or with {@link Adam#decoupled} taken from the weights, where a parameter asks for decay. */
    float weightDecay();

    /**
     * The update of one step, with state buffers of its own, filled with their first values.
     *
     * @param state whose learning rate and step the update reads on the device
     */
    UpdateStep bind(Device device, Parameters parameters, StepState state);
}
