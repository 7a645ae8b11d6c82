package separable.kernel;

/**
 * What is drawn for every picture of a batch. Each draw follows from the run's seed, the step and the sample's index alone. In this
 * order: crop, flips and rotation as one bilinear sampling, brightness, contrast, saturation, hue, normalisation, erasing, mixing.
 *
 * @param crop         padded crop: the picture moves by up to so many output pixels each way, black coming in where it ends; 0 for none
 * @param minArea      random resized crop (Szegedy et al. 2015): from this share of a picture's area to all of it, sides 3:4 to 4:3; 1 for
 *                     none. It takes its part of the whole picture, not of its centre
 * @param flip         mirrored left to right with probability one half
 * @param verticalFlip turned upside down with probability one half
 * @param rotation     degrees to either side, about the middle of the output; what lies beside a crop comes in, black where the picture ends
 * @param brightness   factors from 1 - brightness to 1 + brightness; this and the next three by torchvision's ColorJitter, in this order
 * @param contrast     likewise, about the mean grey of the output
 * @param saturation   likewise, about every pixel's grey; 3 channels
 * @param hue          shift by at most this part of the circle, 0 to 0.5; 3 channels
 * @param erase        probability that a rectangle of 2% to 33% of the output becomes the mean colour (Zhong et al. 2017)
 * @param mixup        alpha of the Beta distribution of two pictures' weights (Zhang et al. 2018); 0 for none
 * @param cutmix       alpha of the Beta distribution of the area of another picture's patch (Yun et al. 2019); 0 for none. Beside mixup,
 *                     one half each
 */
public record Augmentation(int crop, float minArea, boolean flip, boolean verticalFlip, float rotation, float brightness, float contrast,
                           float saturation, float hue, float erase, float mixup, float cutmix) {

    public static final Augmentation NONE = moves(0, false, false);

    /** @throws IllegalArgumentException naming the value that is out of range */
    public Augmentation {
        require(crop >= 0, "crop", crop, "0 or more");
        require(minArea > 0 && minArea <= 1, "minArea", minArea, "above 0 and at most 1");
        require(crop == 0 || minArea == 1, "crop", crop, "0 beside a random resized crop");
        require(rotation >= 0 && rotation <= 180, "rotation", rotation, "0 to 180");
        requireShare("brightness", brightness, 1);
        requireShare("contrast", contrast, 1);
        requireShare("saturation", saturation, 1);
        requireShare("hue", hue, 0.5f);
        requireShare("erase", erase, 1);
        requireAlpha("mixup", mixup);
        requireAlpha("cutmix", cutmix);
    }

    /** Padded crop and flips alone. */
    public static Augmentation moves(int crop, boolean flip, boolean verticalFlip) {
        return new Augmentation(crop, 1, flip, verticalFlip, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    private static void requireShare(String what, float value, float most) {
        require(value >= 0 && value <= most, what, value, "0 to " + most);
    }

    private static void requireAlpha(String what, float alpha) {
        require(alpha == 0 || alpha >= 0.05f && alpha <= 10, what, alpha, "0 or from 0.05 to 10");
    }

    private static void require(boolean possible, String what, Object value, String range) {
        if (!possible) {
            throw new IllegalArgumentException(what + " " + value + ": must be " + range);
        }
    }

    /** Whether every picture stays as it is but for being moved by whole pixels and mirrored. */
    public boolean movesOnly() {
        return equals(moves(crop, flip, verticalFlip));
    }

    /** Whether rows of a batch are mixed, so that a row has two labels. */
    public boolean mixes() {
        return mixup > 0 || cutmix > 0;
    }

    /** Whether only pictures of red, green and blue can be treated so. */
    public boolean needsColour() {
        return saturation > 0 || hue > 0;
    }

    /** MIRROR and UPSIDE_DOWN of picture.cuh. */
    int flips() {
        return (flip ? 1 : 0) | (verticalFlip ? 2 : 0);
    }
}
