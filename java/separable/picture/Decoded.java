package separable.picture;

import java.util.List;

/**
 * A picture as it was read.
 *
 * @param conversions what had to be done to it beyond unpacking, as in {@code CMYK to RGB}; empty for most
 */
public record Decoded(Picture picture, List<String> conversions) {

    public Decoded {
        conversions = List.copyOf(conversions);
    }
}
