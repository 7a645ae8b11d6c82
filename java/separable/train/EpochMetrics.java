package separable.train;

/**
 * The end of an epoch: a line of {@code metrics.jsonl} whose kind is {@code epoch}.
 *
 * @param epoch           1 for the first
 * @param step            optimiser steps since the run began
 * @param learningRate    of the epoch's last step
 * @param imagesPerSecond training pictures over the seconds of training, evaluations not counted
 * @param seconds         the epoch's wall time, evaluations included
 */
public record EpochMetrics(int epoch, int step, float learningRate, double trainLoss, double trainAccuracy, double testLoss,
                           double testAccuracy, double imagesPerSecond, double seconds) {
}
