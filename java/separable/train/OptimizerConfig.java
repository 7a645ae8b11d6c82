package separable.train;

import java.util.List;
import separable.optim.Adam;
import separable.optim.Optimizer;
import separable.optim.RmsProp;
import separable.optim.Sgd;

/**
 * How weights are changed.
 *
 * @param name           {@code sgd}, {@code nesterov}, {@code rmsprop}, {@code adam} or {@code adamw}
 * @param learningRate   the schedule's highest value
 * @param weightDecay    added to gradients as {@code decay * weight}; decoupled for adamw
 * @param momentum       of sgd, nesterov and rmsprop; the others ignore it
 * @param labelSmoothing share of the target spread evenly over all classes, 0 to below 1
 */
public record OptimizerConfig(String name, float learningRate, float weightDecay, float momentum, float labelSmoothing) {

    public static final List<String> NAMES = List.of("sgd", "nesterov", "rmsprop", "adam", "adamw");

    public OptimizerConfig {
        Check.oneOf("optimizer", name, NAMES);
        Check.that(learningRate > 0 && learningRate <= 1e6f, "learning rate", learningRate, "above 0");
        Check.that(weightDecay >= 0 && weightDecay < 1, "weight decay", weightDecay, "0 to below 1");
        Check.that(momentum >= 0 && momentum < 1, "momentum", momentum, "0 to below 1");
        Check.that(!name.equals("nesterov") || momentum > 0, "momentum of nesterov", momentum, "above 0");
        Check.that(labelSmoothing >= 0 && labelSmoothing < 1, "label smoothing", labelSmoothing, "0 to below 1");
    }

    /** Whether the rule has a momentum of its own to set. */
    public boolean takesMomentum() {
        return !name.equals("adam") && !name.equals("adamw");
    }

    /** The rule itself; what is not named here has the rule's usual value. */
    Optimizer rule() {
        return switch (name) {
            case "sgd" -> new Sgd(momentum, weightDecay, false);
            case "nesterov" -> new Sgd(momentum, weightDecay, true);
            case "rmsprop" -> rmsProp();
            case "adam" -> adam(false);
            default -> adam(true);
        };
    }

    private RmsProp rmsProp() {
        RmsProp usual = RmsProp.mobileNet(weightDecay);
        return new RmsProp(usual.rho(), momentum, usual.epsilon(), weightDecay);
    }

    private Adam adam(boolean decoupled) {
        Adam usual = Adam.standard();
        return new Adam(usual.beta1(), usual.beta2(), usual.epsilon(), weightDecay, decoupled);
    }
}
