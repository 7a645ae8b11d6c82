package separable.cli;

import static separable.cli.ModelOptions.or;

import java.util.List;
import picocli.CommandLine.Option;
import separable.train.AugmentConfig;
import separable.train.InputConfig;

/** What is drawn for training pictures, and what is seen of others. Null where the user named nothing. */
final class AugmentOptions {

    @Option(names = "--flip", negatable = true, description = "mirror training pictures left to right at random, or not")
    Boolean flip;

    @Option(names = "--vertical-flip", negatable = true, description = "turn training pictures upside down at random, or not")
    Boolean verticalFlip;

    @Option(names = "--crop", paramLabel = "PIXELS", description = "pad training pictures by so many pixels and crop at random; 0: do not")
    Integer crop;

    @Option(names = "--random-resized-crop", paramLabel = "SHARE",
            description = "show at random from this share of a training picture's area, as 0.08, to all of it, sides 3:4 to 4:3; 1: do not")
    Float minArea;

    @Option(names = "--rotation", paramLabel = "DEGREES", description = "turn training pictures by at most so many degrees to either side")
    Float rotation;

    @Option(names = {"--colour-jitter", "--color-jitter"}, paramLabel = "B[,C[,S[,H]]]", split = ",", hideParamSyntax = true,
            description = "vary brightness, contrast, saturation (each by a factor from 1 - X to 1 + X) and hue (by at most X of the circle, up to 0.5); what"
                    + " is left out is 0")
    List<Float> colours;

    @Option(names = "--erase", paramLabel = "PROBABILITY", description = "erase a rectangle of 2%% to 33%% of a training picture with this probability")
    Float erase;

    @Option(names = "--mixup", paramLabel = "ALPHA", description = "mix two training pictures and their labels, by shares of Beta(ALPHA, ALPHA); 0: do not")
    Float mixup;

    @Option(names = "--cutmix", paramLabel = "ALPHA",
            description = "set a patch of another into training pictures, its area by Beta(ALPHA, ALPHA); 0: do not. With --mixup, one half each")
    Float cutmix;

    @Option(names = "--centre", paramLabel = "SHARE", description = "of each side of a picture, about the middle, that is seen where nothing is drawn")
    Float centre;

    /** {@code base} with what the user named put in its place. */
    InputConfig over(InputConfig base) {
        return base.withCentre(or(centre, base.centre())).withAugment(over(base.augment()));
    }

    /** Of the two kinds of crop the one that is named replaces the other. */
    private AugmentConfig over(AugmentConfig base) {
        boolean resizedNamed = minArea != null && minArea < 1;
        boolean paddedNamed = crop != null && crop > 0;
        if (colours != null && colours.size() > 4) {
            throw new IllegalArgumentException("--colour-jitter has " + colours.size() + " numbers: it takes up to 4, of brightness, contrast, saturation and hue");
        }
        return new AugmentConfig(or(crop, resizedNamed ? 0 : base.crop()), or(minArea, paddedNamed ? 1f : base.minArea()), or(flip, base.flip()),
                or(verticalFlip, base.verticalFlip()), or(rotation, base.rotation()), colour(0, base.brightness()), colour(1, base.contrast()),
                colour(2, base.saturation()), colour(3, base.hue()), or(erase, base.erase()), or(mixup, base.mixup()), or(cutmix, base.cutmix()));
    }

    private float colour(int at, float base) {
        return colours == null ? base : at < colours.size() ? colours.get(at) : 0;
    }
}
