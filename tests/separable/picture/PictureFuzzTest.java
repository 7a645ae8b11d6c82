package separable.picture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import separable.testing.Fuzz;

/** Damaged pictures: decoded or refused in one line, no pixels beyond what the file could hold. */
class PictureFuzzTest {

    private static final int ROUNDS = 300;

    /** Of a file of 2 kB, 512 pixels a byte and 10 bytes a pixel, and a decoder's own tables. */
    private static final long MOST_BYTES = 32 << 20;

    @ParameterizedTest
    @ValueSource(strings = {"420.jpg", "progressive.jpg", "ycck.jpg", "exif6.jpg", "interlaced.png", "alpha16.png", "palette-alpha.png", "grey1.png"})
    void anyBytesAreDecodedOrRefused(String name) throws IOException {
        Fuzz.run(PictureFixtures.bytes(name), ROUNDS, name.hashCode(), MOST_BYTES, PictureException.class, damaged -> {
            // With every checksum wrong nothing behind it would be tried.
            PictureFixtures.mendChecksums(damaged);
            Picture picture = PictureFile.decode("fuzz", damaged).picture();
            assertThat((long) picture.height() * picture.width()).isLessThanOrEqualTo(8 * 1032L * damaged.length);
        });
    }
}
