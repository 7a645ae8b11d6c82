package separable.train;

import java.util.List;

/**
 * When a run measures itself beside the end of every epoch, and when it ends early.
 *
 * @param everySteps steps of the run between two evaluations within epochs; 0 for none
 * @param pictures   how many test pictures those evaluations take, spread evenly over the set, the same ones each time; 0 for all. The
 *                   evaluation that ends an epoch always takes all
 * @param patience   epochs without a better test accuracy after which the run ends; 0 to go on to the last epoch
 */
public record EvaluationConfig(int everySteps, int pictures, int patience) {

    public static final EvaluationConfig EPOCHS = new EvaluationConfig(0, 0, 0);

    public EvaluationConfig {
        Check.that(everySteps >= 0, "steps between evaluations", everySteps, "0 or more");
        Check.that(pictures >= 0, "pictures of an evaluation", pictures, "0 or more");
        Check.that(patience >= 0, "patience", patience, "0 epochs or more");
    }

    public EvaluationConfig withSteps(int every, int testPictures) {
        return new EvaluationConfig(every, testPictures, patience);
    }

    public EvaluationConfig withPatience(int withoutBetter) {
        return new EvaluationConfig(everySteps, pictures, withoutBetter);
    }

    /** Whether none of the last {@link #patience} of these epochs is better than all before it. */
    boolean isExhausted(List<EpochMetrics> epochs) {
        return patience > 0 && epochs.size() - bestOf(epochs) >= patience;
    }

    /** The first epoch with the highest test accuracy, counted from 1; 0 of none. */
    static int bestOf(List<EpochMetrics> epochs) {
        int best = 0;
        for (int epoch = 1; epoch <= epochs.size(); epoch++) {
            if (best == 0 || epochs.get(epoch - 1).testAccuracy() > epochs.get(best - 1).testAccuracy()) {
                best = epoch;
            }
        }
        return best;
    }
}
