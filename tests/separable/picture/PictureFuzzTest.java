package separable.picture;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files with wrong bytes are pictures still or refused in one line: no other exception, no hang, no picture above the limit. */
class PictureFuzzTest {

    private static final int ROUNDS = 400;

    @ParameterizedTest
    @ValueSource(strings = {"420.jpg", "progressive.jpg", "ycck.jpg", "exif6.jpg", "interlaced.png", "alpha16.png", "palette-alpha.png", "grey1.png"})
    void wrongBytesAreMetWithOneLine(String name) {
        byte[] whole = PictureFixtures.bytes(name);
        Random random = new Random(name.hashCode());
        Assertions.assertTimeout(Duration.ofSeconds(60), () -> {
            for (int round = 0; round < ROUNDS; round++) {
                decode(damaged(whole, random, round % 2 == 0 ? 64 : whole.length));
            }
        });
    }

    /** One to four bytes among the first {@code among} changed; PNG checksums set right again, or nothing else would be tried. */
    private static byte[] damaged(byte[] whole, Random random, int among) {
        byte[] bytes = whole.clone();
        for (int i = random.nextInt(4); i >= 0; i--) {
            bytes[random.nextInt(Math.min(among, bytes.length))] = (byte) random.nextInt(256);
        }
        PictureFixtures.mendChecksums(bytes);
        return bytes;
    }

    private static void decode(byte[] bytes) {
        try {
            Picture picture = PictureFile.decode("fuzz", bytes).picture();
            assertThat((long) picture.height() * picture.width()).isLessThanOrEqualTo(512L * 8 * bytes.length);
        } catch (PictureException e) {
            assertThat(e.getMessage()).startsWith("fuzz: ").doesNotContain("\n").doesNotContain("null");
        }
    }
}
