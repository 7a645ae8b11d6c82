package separable.train;

import separable.kernel.LossScale;

/**
 * The end of an epoch: a line of {@code metrics.jsonl} whose kind is {@code epoch}.
 *
 * @param epoch           1 for the first
 * @param step            optimiser steps since the run began
 * @param learningRate    of the epoch's last step
 * @param imagesPerSecond training pictures over the seconds of training, evaluations not counted
 * @param seconds         the epoch's wall time, evaluations included
 * @param inputImagesPerSecond {@link InputRate#imagesPerSecond} of a streamed data set; null, and not in the file, for one on the device
 * @param inputWaited     {@link InputRate#waited}; null likewise
 * @param lossScale       {@link LossScale#factor} after the epoch; null, and not in the file, where the loss is not scaled
 * @param skippedSteps    {@link LossScale#skipped}; null likewise
 */
public record EpochMetrics(int epoch, int step, float learningRate, double trainLoss, double trainAccuracy, double testLoss,
                           double testAccuracy, double imagesPerSecond, double seconds, Double inputImagesPerSecond, Double inputWaited,
                           Float lossScale, Long skippedSteps) {

    /** Of an epoch whose pictures lay on the device. */
    public EpochMetrics(int epoch, int step, float learningRate, double trainLoss, double trainAccuracy, double testLoss, double testAccuracy,
                        double imagesPerSecond, double seconds) {
        this(epoch, step, learningRate, trainLoss, trainAccuracy, testLoss, testAccuracy, imagesPerSecond, seconds, null, null, null, null);
    }

    /** The same epoch with its pictures streamed. */
    EpochMetrics withInput(InputRate input) {
        return new EpochMetrics(epoch, step, learningRate, trainLoss, trainAccuracy, testLoss, testAccuracy, imagesPerSecond, seconds,
                input.imagesPerSecond(), input.waited(), lossScale, skippedSteps);
    }

    /** The same epoch of a scaled loss. */
    EpochMetrics withScale(LossScale scale) {
        return new EpochMetrics(epoch, step, learningRate, trainLoss, trainAccuracy, testLoss, testAccuracy, imagesPerSecond, seconds,
                inputImagesPerSecond, inputWaited, scale.factor(), scale.skipped());
    }
}
