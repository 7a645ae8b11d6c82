package separable.train;

import java.nio.file.Path;
import separable.data.FolderOptions;
import separable.device.UserCache;

/**
 * How a folder of pictures is read.
 *
 * @param validation share of every class that is kept for evaluation; 0 where the folder has a part for that
 * @param seed       of which pictures those are
 * @param maxBroken  share of the pictures that may be broken
 * @param cache      folder for the decoded pictures; absent for the user's own, {@link UserCache}
 */
public record FolderConfig(double validation, long seed, double maxBroken, String cache) {

    public static final double USUAL_VALIDATION = 0.1;
    public static final double USUAL_MAX_BROKEN = 0.01;

    public FolderConfig {
        Check.that(validation >= 0 && validation < 1, "validation", validation, "0 to below 1");
        Check.that(maxBroken >= 0 && maxBroken <= 1, "share of broken pictures", maxBroken, "0 to 1");
    }

    FolderOptions options(int size, int channels) {
        return new FolderOptions(size, channels, validation, seed, maxBroken, cache == null ? UserCache.folder() : Path.of(cache));
    }
}
