package separable.train;

import java.util.List;

/**
 * What happens to gradients and weights around the optimizer's rule.
 *
 * @param accumulate batches whose gradients are averaged before the weights change; 1 for every batch
 * @param clipNorm   gradients are scaled down to this Euclidean norm over all parameters; 0 for no clipping
 * @param ema        decay a step of the exponential moving average of the weights, which evaluation uses and the saved model has; 0 for none
 * @param decayOn    where weight decay applies: {@code model} as the network's paper has it, {@code weights} for all convolutions and
 *                   dense layers but no biases and batch normalisations, {@code no-depthwise} for those but the depthwise, {@code all}
 * @param frozen     layers whose parameters stay as they are, by the beginning of their names, up to a dot: {@code features.0}
 */
public record UpdateConfig(int accumulate, float clipNorm, float ema, String decayOn, List<String> frozen) {

    public static final List<String> DECAY_ON = List.of("model", "weights", "no-depthwise", "all");
    public static final UpdateConfig PLAIN = new UpdateConfig(1, 0, 0, "model", List.of());

    public UpdateConfig {
        Check.that(accumulate >= 1 && accumulate <= 1024, "accumulate", accumulate, "1 to 1024");
        Check.that(clipNorm >= 0 && clipNorm <= 1e6f, "clipping norm", clipNorm, "0 or more");
        Check.that(ema >= 0 && ema < 1, "ema", ema, "0 to below 1");
        Check.oneOf("place of weight decay", decayOn, DECAY_ON);
        frozen = List.copyOf(Check.present("frozen", frozen));
    }
}
