package separable.cli;

import static separable.cli.ModelOptions.or;

import picocli.CommandLine.Option;
import separable.train.EvaluationConfig;

/** When a run measures itself. Null where the user named nothing. */
final class EvaluationOptions {

    @Option(names = "--eval-steps", paramLabel = "N",
            description = "steps between two evaluations within epochs; 0: only at the ends of epochs (default: 0)")
    Integer steps;

    @Option(names = "--eval-pictures", paramLabel = "N",
            description = "test pictures those evaluations take, spread over the set, the same ones each time; 0: all (default: 0)")
    Integer pictures;

    @Option(names = "--patience", paramLabel = "EPOCHS",
            description = "end the run after so many epochs without a better test accuracy; 0: go on to the last epoch (default: 0)")
    Integer patience;

    /** {@code base} with what the user named put in its place. */
    EvaluationConfig over(EvaluationConfig base) {
        EvaluationConfig chosen = base.withSteps(or(steps, base.everySteps()), or(pictures, base.pictures())).withPatience(or(patience, base.patience()));
        if (pictures != null && chosen.everySteps() == 0) {
            throw new IllegalArgumentException("--eval-pictures: is for evaluations within epochs, of which there are none: name their steps with --eval-steps,"
                    + " or leave it out");
        }
        return chosen;
    }
}
