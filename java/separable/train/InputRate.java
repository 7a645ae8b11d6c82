package separable.train;

/**
 * How well the pictures of a streamed data set keep up with the steps.
 *
 * @param imagesPerSecond pictures that could be read a second if nothing held the readers up; 0 before the first was read
 * @param waited          share of the training's time, 0 to 1, that steps waited for their pictures
 */
public record InputRate(double imagesPerSecond, double waited) {
}
