package separable.train;

import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import separable.graph.Parameter;
import separable.graph.StateEntry;
import separable.layer.Network;

/**
 * What happens to gradients and weights around the optimizer's rule.
 *
 * @param accumulate batches whose gradients are averaged before the weights change; 1 for every batch. Such batches together are one step
 * @param clipNorm   gradients are scaled down to this Euclidean norm over all parameters; 0 for no clipping
 * @param ema        decay a step of the exponential moving average of weights and running statistics, which evaluation uses and the saved
 *                   model has; less at first, as {@link separable.kernel.MovingAverage} says; 0 for none
 * @param decayOn    where weight decay applies: {@code model} as the network's paper has it, {@code weights} for all convolutions and
 *                   dense layers but no biases and batch normalisations, {@code no-depthwise} for those but the depthwise, {@code all}
 * @param frozen     layers whose parameters stay as they are, by the beginning of their names, up to a dot: {@code features.0}. Frozen batch
 *                   normalisations normalise with their running statistics, as in evaluation, and keep them. Weight decay does not apply
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

    public UpdateConfig withAccumulate(int batches) {
        return new UpdateConfig(batches, clipNorm, ema, decayOn, frozen);
    }

    public UpdateConfig withClipNorm(float norm) {
        return new UpdateConfig(accumulate, norm, ema, decayOn, frozen);
    }

    public UpdateConfig withEma(float decay) {
        return new UpdateConfig(accumulate, clipNorm, decay, decayOn, frozen);
    }

    public UpdateConfig withDecayOn(String where) {
        return new UpdateConfig(accumulate, clipNorm, ema, where, frozen);
    }

    public UpdateConfig withFrozen(List<String> layers) {
        return new UpdateConfig(accumulate, clipNorm, ema, decayOn, layers);
    }

    /** Whether the layer or parameter of that name stays as it is. */
    public boolean freezes(String name) {
        return frozen.stream().anyMatch(layer -> name.equals(layer) || name.startsWith(layer + "."));
    }

    /** Whether weight decay applies to {@code parameter}. */
    boolean decays(Parameter parameter) {
        boolean isVector = parameter.layout() == Parameter.Layout.VECTOR;
        boolean isDepthwise = parameter.layout() == Parameter.Layout.DEPTHWISE;
        return !freezes(parameter.name()) && switch (decayOn) {
            case "model" -> parameter.decay();
            case "weights" -> !isVector;
            case "no-depthwise" -> !isVector && !isDepthwise;
            default -> true;
        };
    }

    /** @throws IllegalArgumentException when {@code network} lacks a layer that is to be frozen, or all of its layers are */
    public void requireFitting(Network network) {
        List<String> names = network.state().stream().map(StateEntry::name).toList();
        for (String layer : frozen) {
            if (names.stream().noneMatch(name -> name.startsWith(layer + "."))) {
                throw new IllegalArgumentException("frozen layer '" + layer + "': " + network.name() + " has none of that name; its names begin with "
                        + names.stream().map(name -> name.split("\\.")[0]).collect(Collectors.toCollection(TreeSet::new)));
            }
        }
        if (names.stream().allMatch(this::freezes)) {
            throw new IllegalArgumentException("frozen layers " + frozen + ": they are all of " + network.name() + ", and nothing is left to train");
        }
    }
}
