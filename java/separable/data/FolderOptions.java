package separable.data;

import java.nio.file.Path;

/**
 * How a folder of pictures becomes a data set.
 *
 * @param size       pixels along each side of the squares that pictures are kept as: the shorter side is resampled to it, the middle kept
 * @param channels   1 grey, 3 colour, whatever the files hold
 * @param validation share of every class that is kept for evaluation, where the folder has no part for that; else 0
 * @param seed       of which pictures those are
 * @param maxBroken  share of the pictures that may be broken, 0 to 1
 * @param cache      folder that the decoded pictures are kept in
 */
public record FolderOptions(int size, int channels, double validation, long seed, double maxBroken, Path cache) {

    /** Sides above it are no training pictures. */
    static final int MOST_SIZE = 4096;

    public FolderOptions {
        check(size >= 1 && size <= MOST_SIZE, "picture size " + size, "1 to " + MOST_SIZE);
        check(channels == 1 || channels == 3, "channels " + channels, "1 or 3");
        check(validation >= 0 && validation < 1, "validation " + validation, "0 to below 1");
        check(maxBroken >= 0 && maxBroken <= 1, "share of broken pictures " + maxBroken, "0 to 1");
    }

    private static void check(boolean holds, String what, String possible) {
        if (!holds) {
            throw new IllegalArgumentException(what + ": must be " + possible);
        }
    }
}
