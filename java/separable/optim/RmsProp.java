package separable.optim;

import separable.device.Device;
import separable.graph.Parameters;
import separable.kernel.HyperParameters;
import separable.kernel.RmsPropUpdate;
import separable.kernel.StepState;

/** RMSProp as TensorFlow computes it; {@code separable.kernel.RmsPropUpdate} states the formula. */
public record RmsProp(float rho, float momentum, float epsilon, float weightDecay) implements Optimizer {

    public RmsProp {
        HyperParameters.requireFraction("rho", rho);
        HyperParameters.requireFraction("momentum", momentum);
        HyperParameters.requirePositive("epsilon", epsilon);
        HyperParameters.requireNotNegative("weight decay", weightDecay);
    }

    /** The MobileNet papers' settings: decay and momentum 0.9, with TF-slim's epsilon of 1. */
    public static RmsProp mobileNet(float weightDecay) {
        return new RmsProp(0.9f, 0.9f, 1, weightDecay);
    }

    /** The mean squares and the momenta. */
    @Override
    public int slots() {
        return 2;
    }

    @Override
    public float initialValue(int slot) {
        return slot == 0 ? RmsPropUpdate.INITIAL_MEAN_SQUARE : 0;
    }

    @Override
    public UpdateStep bind(Device device, Parameters parameters, StepState state) {
        RmsPropUpdate update = new RmsPropUpdate(device, parameters.elements(), parameters.type(), rho, momentum,
                epsilon, weightDecay);
        return new UpdateStep(device, this, parameters, state, (at, slots, stream) ->
                update.run(at.weights(), at.weights16(), at.gradients(), slots[0], slots[1], at.decayMask(), at.state(), stream));
    }
}
