package separable.optim;

import separable.device.Device;
import separable.graph.Parameters;
import separable.kernel.HyperParameters;
import separable.kernel.SgdUpdate;
import separable.kernel.StepState;

/** Stochastic gradient descent as PyTorch computes it; {@code separable.kernel.SgdUpdate} states the formula. */
public record Sgd(float momentum, float weightDecay, boolean nesterov) implements Optimizer {

    public Sgd {
        HyperParameters.requireFraction("momentum", momentum);
        HyperParameters.requireNotNegative("weight decay", weightDecay);
        if (nesterov && momentum == 0) {
            throw new IllegalArgumentException("Nesterov's step needs a momentum above 0");
        }
    }

    /** Nesterov momentum 0.9. */
    public static Sgd nesterov(float weightDecay) {
        return new Sgd(0.9f, weightDecay, true);
    }

    @Override
    public int slots() {
        return 1;
    }

    @Override
    public float initialValue(int slot) {
        return 0;
    }

    @Override
    public UpdateStep bind(Device device, Parameters parameters, StepState state) {
        SgdUpdate update = new SgdUpdate(device, parameters.elements(), parameters.type(), momentum, weightDecay,
                nesterov);
        return new UpdateStep(device, this, parameters, state, (at, slots, stream) ->
                update.run(at.weights(), at.weights16(), at.gradients(), slots[0], at.decayMask(), at.state(), stream));
    }
}
