package separable.train;

/**
 * An evaluation within an epoch: a line of {@code metrics.jsonl} whose kind is {@code steps}.
 *
 * @param epoch         the epoch it fell in, 1 for the first
 * @param step          optimiser steps since the run began
 * @param learningRate  of the last of them
 * @param trainLoss     over the steps since the evaluation before it, or since the epoch began
 * @param trainAccuracy over the same steps
 * @param testLoss      over {@code testPictures}
 * @param testAccuracy  over {@code testPictures}
 * @param testPictures  pictures of the test set that were looked at, the same ones each time
 * @param seconds       of the evaluation
 */
public record StepEvaluation(int epoch, int step, float learningRate, double trainLoss, double trainAccuracy, double testLoss,
                             double testAccuracy, int testPictures, double seconds) {
}
