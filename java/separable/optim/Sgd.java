package separable.optim;

import separable.kernel.HyperParameters;

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
}
