package separable.optim;

import separable.device.Device;
import separable.graph.Parameters;
import separable.kernel.AdamUpdate;
import separable.kernel.HyperParameters;
import separable.kernel.StepState;

/**
 * Adam, or with {@code decoupled} AdamW, as PyTorch computes them; {@code separable.kernel.AdamUpdate} states the formulas.
 */
public record Adam(float beta1, float beta2, float epsilon, float weightDecay, boolean decoupled) implements Optimizer {

    public Adam {
        HyperParameters.requireFraction("beta1", beta1);
        HyperParameters.requireFraction("beta2", beta2);
        HyperParameters.requirePositive("epsilon", epsilon);
        HyperParameters.requireNotNegative("weight decay", weightDecay);
    }

    /** PyTorch's defaults, no weight decay. */
    public static Adam standard() {
        return new Adam(0.9f, 0.999f, 1e-8f, 0, false);
    }

    /** AdamW with PyTorch's defaults. */
    public static Adam decoupled(float weightDecay) {
        return new Adam(0.9f, 0.999f, 1e-8f, weightDecay, true);
    }

    /** The first and second moments. */
    @Override
    public int slots() {
        return 2;
    }

    @Override
    public float initialValue(int slot) {
        return 0;
    }

    @Override
    public UpdateStep bind(Device device, Parameters parameters, StepState state) {
        AdamUpdate update = new AdamUpdate(device, parameters.elements(), parameters.type(), beta1, beta2, epsilon,
                weightDecay, decoupled);
        return new UpdateStep(device, this, parameters, state, (at, slots, stream) ->
                update.run(at.weights(), at.weights16(), at.gradients(), slots[0], slots[1], at.decayMask(), at.state(), stream));
    }
}
