package separable.optim;

import separable.kernel.HyperParameters;
import separable.kernel.RmsPropUpdate;

/** RMSProp as TensorFlow computes it; {@code separable.kernel.RmsPropUpdate} states the formula. */
public record RmsProp(float rho, float momentum, float epsilon, float weightDecay) implements Optimizer {

    public RmsProp {
        HyperParameters.requireFraction("rho", rho);
        HyperParameters.requireFraction("momentum", momentum);
        HyperParameters.requireNotNegative("epsilon", epsilon);
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
}
