package separable.predict;

import java.util.Arrays;
import separable.train.TrainingException;

/** What the network says of one picture: a logit an output. */
final class Scores {

    private final float[] logits;

    /**
     * @param batch   several rows of {@code outputs} logits
     * @throws TrainingException when a logit is not finite
     */
    Scores(float[] batch, int row, int outputs) {
        logits = Arrays.copyOfRange(batch, row * outputs, (row + 1) * outputs);
        for (int k = 0; k < outputs; k++) {
            if (!Float.isFinite(logits[k])) {
                throw new TrainingException("output " + k + " of the network is " + logits[k] + ": its weights are of a run that diverged; train it again");
            }
        }
    }

    /** The output with the largest logit, the first of equal ones: the device counts hits the same way. */
    int best() {
        int best = 0;
        for (int k = 1; k < logits.length; k++) {
            if (logits[k] > logits[best]) {
                best = k;
            }
        }
        return best;
    }

    /** Softmax in double precision: {@code exp(logit - largest)}, over their sum. */
    double[] probabilities() {
        double largest = logits[best()];
        double[] shares = new double[logits.length];
        double sum = 0;
        for (int k = 0; k < shares.length; k++) {
            shares[k] = Math.exp(logits[k] - largest);
            sum += shares[k];
        }
        for (int k = 0; k < shares.length; k++) {
            shares[k] /= sum;
        }
        return shares;
    }

    float logit(int output) {
        return logits[output];
    }
}
