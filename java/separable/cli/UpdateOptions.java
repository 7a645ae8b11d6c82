package separable.cli;

import static separable.cli.ModelOptions.or;

import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Option;
import separable.exchange.Head;
import separable.layer.Network;
import separable.train.UpdateConfig;

/** What happens to gradients and weights around the optimizer's rule. Null where the user named nothing. */
final class UpdateOptions {

    /** Stands for all layers but the last, in --freeze. */
    static final String BODY = "body";

    @Option(names = "--accumulate", paramLabel = "N", description = "batches whose gradients are averaged before the weights change (default: 1)")
    Integer accumulate;

    @Option(names = "--clip-norm", paramLabel = "X", description = "scale gradients down to this Euclidean norm over all parameters; 0: never (default: 0)")
    Float clipNorm;

    @Option(names = "--ema", paramLabel = "X",
            description = "evaluate and save a moving average of the weights that keeps this share of itself a step, as 0.999; 0: none (default: 0)")
    Float ema;

    @Option(names = "--decay-on", paramLabel = "WHERE", description = "where weight decay applies: model (default; the network's paper), weights (no biases, no batch"
            + " normalisation), no-depthwise (nor depthwise filters) or all")
    String decayOn;

    @Option(names = "--freeze", paramLabel = "NAME,...", split = ",", hideParamSyntax = true,
            description = "layers that stay as they are, their batch normalisations as in evaluation, by the beginning of their names:"
                    + " features.0; body: all but the last layer")
    List<String> frozen;

    /** {@code base} with what the user named put in its place; {@value #BODY} becomes the names of the network's body. */
    UpdateConfig over(UpdateConfig base, Network network) {
        return base.withAccumulate(or(accumulate, base.accumulate())).withClipNorm(or(clipNorm, base.clipNorm())).withEma(or(ema, base.ema()))
                .withDecayOn(or(decayOn, base.decayOn())).withFrozen(frozen == null ? base.frozen() : expanded(frozen, network));
    }

    private static List<String> expanded(List<String> names, Network network) {
        return names.stream().flatMap(name -> name.equals(BODY) ? Head.of(network).body(network).stream() : Stream.of(name)).distinct().toList();
    }
}
