package separable.train;

import separable.kernel.Augmentation;

/**
 * How training pictures are varied; what is drawn for a picture follows from the run's seed, the picture and the step.
 *
 * @param crop         black pixels added on every side before a random crop to the old size; 0 for none
 * @param minArea      smallest share of a picture's area that a random resized crop takes, its sides 3:4 to 4:3; 1 for none
 * @param flip         whether pictures are mirrored left to right with probability one half
 * @param verticalFlip whether pictures are turned upside down with probability one half
 * @param rotation     degrees to either side that pictures are turned by at most
 * @param brightness   factors from 1 - brightness to 1 + brightness
 * @param contrast     likewise, about the picture's mean grey
 * @param saturation   likewise, about every pixel's grey
 * @param hue          shift of the hue by at most this part of the circle, 0 to 0.5
 * @param erase        probability that a rectangle of 2% to 33% of the picture is erased
 * @param mixup        alpha of the Beta distribution that two pictures' weights are drawn from; 0 for none
 * @param cutmix       alpha of the Beta distribution that the area of another picture's patch is drawn from; 0 for none
 */
public record AugmentConfig(int crop, float minArea, boolean flip, boolean verticalFlip, float rotation, float brightness, float contrast,
                            float saturation, float hue, float erase, float mixup, float cutmix) {

    public static final AugmentConfig NONE = new AugmentConfig(0, 1, false, false, 0, 0, 0, 0, 0, 0, 0, 0);

    public AugmentConfig {
        Check.that(crop >= 0 && crop <= 64, "crop", crop, "0 to 64");
        Check.that(minArea > 0 && minArea <= 1, "smallest area of a crop", minArea, "above 0 and at most 1");
        Check.that(crop == 0 || minArea == 1, "crop", crop, "0 beside a random resized crop");
        Check.that(rotation >= 0 && rotation <= 180, "rotation", rotation, "0 to 180 degrees");
        checkShare("brightness", brightness, 1);
        checkShare("contrast", contrast, 1);
        checkShare("saturation", saturation, 1);
        checkShare("hue", hue, 0.5f);
        checkShare("erase", erase, 1);
        checkAlpha("mixup", mixup);
        checkAlpha("cutmix", cutmix);
    }

    private static void checkShare(String what, float value, float most) {
        Check.that(value >= 0 && value <= most, what, value, "0 to " + most);
    }

    private static void checkAlpha(String what, float alpha) {
        Check.that(alpha == 0 || alpha >= 0.05f && alpha <= 10, what, alpha, "0 or from 0.05 to 10");
    }

    /** The same for the device. */
    public Augmentation drawn() {
        return new Augmentation(crop, minArea, flip, verticalFlip, rotation, brightness, contrast, saturation, hue, erase, mixup, cutmix);
    }

    public AugmentConfig withCrop(int pixels) {
        return new AugmentConfig(pixels, minArea, flip, verticalFlip, rotation, brightness, contrast, saturation, hue, erase, mixup, cutmix);
    }

    public AugmentConfig withMinArea(float share) {
        return new AugmentConfig(crop, share, flip, verticalFlip, rotation, brightness, contrast, saturation, hue, erase, mixup, cutmix);
    }

    public AugmentConfig withFlip(boolean sideways, boolean upsideDown) {
        return new AugmentConfig(crop, minArea, sideways, upsideDown, rotation, brightness, contrast, saturation, hue, erase, mixup, cutmix);
    }
}
