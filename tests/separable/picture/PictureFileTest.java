package separable.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures of every kind against what PIL makes of the same files, and one line about each that is none. */
class PictureFileTest {

    private static Decoded decode(String name) {
        return PictureFile.decode(name, PictureFixtures.bytes(name));
    }

    @ParameterizedTest
    @ValueSource(strings = {"colours", "interlaced", "colours16", "alpha", "alpha16", "grey1", "grey2", "grey4", "grey8", "grey16", "grey-alpha",
            "palette1", "palette2", "palette4", "palette8", "palette-alpha", "key"})
    void pngsAreExact(String name) {
        Picture picture = decode(name + ".png").picture();
        Picture expected = PictureFixtures.expected(name + ".png");
        assertThat(picture).usingRecursiveComparison().isEqualTo(expected);
    }

    /** Versions of libjpeg round their cosine transforms differently, by 1 or 2. */
    @ParameterizedTest
    @ValueSource(strings = {"444", "420", "422", "progressive", "grey", "profile", "cmyk", "rgb", "ycck", "exif1", "exif2", "exif3", "exif4",
            "exif5", "exif6", "exif7", "exif8"})
    void jpegsAreAsLibjpegDecodesThem(String name) {
        Picture picture = decode(name + ".jpg").picture();
        Picture expected = PictureFixtures.expected(name + ".jpg");
        assertThat(picture).usingRecursiveComparison().ignoringFields("pixels").isEqualTo(expected);
        assertThat(PictureFixtures.distance(picture, expected)).isLessThanOrEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({"cmyk.jpg, CMYK to RGB", "grey16.png, 16 bits to 8", "alpha.png, transparency over white"})
    void whatHadToBeDoneIsSaid(String name, String conversion) {
        assertThat(decode(name).conversions()).containsExactly(conversion);
        assertThat(decode("colours.png").conversions()).isEmpty();
    }

    @Test
    void pngsAreTurnedToo() {
        byte[] exif = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0};
        Picture turned = PictureFile.decode("p", PictureFixtures.withPart(PictureFixtures.bytes("colours.png"), "IDAT", "eXIf", exif)).picture();
        assertThat(turned).usingRecursiveComparison().isEqualTo(decode("colours.png").picture().turned(3));
    }

    @Test
    void filesAreReadFromTheirPlace(@TempDir Path folder) throws IOException {
        Path file = Files.write(folder.resolve("named.txt"), PictureFixtures.bytes("colours.png"));
        assertThat(PictureFile.read(file).picture()).usingRecursiveComparison().isEqualTo(PictureFixtures.expected("colours.png"));
        assertThatThrownBy(() -> PictureFile.read(folder.resolve("none.png"))).isInstanceOf(PictureException.class)
                .hasMessage(folder.resolve("none.png") + ": no such file");
    }

    @ParameterizedTest
    @CsvSource({"'', is empty", "'a line of text', 'is text, not a JPEG or PNG picture'", "GIF89a, 'is a GIF picture, not a JPEG or PNG picture'",
            "RIFF....WEBPVP8, 'is a WebP picture, not a JPEG or PNG picture'"})
    void whatIsNoPictureIsSaid(String start, String reason) {
        byte[] bytes = start.getBytes(StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> PictureFile.decode("p", bytes)).isInstanceOf(PictureException.class).hasMessage("p: " + reason)
                .extracting(e -> ((PictureException) e).reason()).isEqualTo(reason);
        assertThatThrownBy(() -> PictureFile.decode("p", new byte[64])).hasMessage("p: is zero bytes, not a JPEG or PNG picture");
    }

    @ParameterizedTest
    @ValueSource(strings = {"420.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg", "colours.png", "interlaced.png", "grey1.png"})
    void noPartOfAPictureIsOne(String name) {
        byte[] bytes = PictureFixtures.bytes(name);
        for (int length = 8; length < bytes.length - 2; length += 11) {
            byte[] part = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> PictureFile.decode("p", part)).isInstanceOf(PictureException.class).hasMessageContaining("truncated");
        }
    }

    @Test
    void dataThatEndsEarlyIsDamage() {
        byte[] bytes = PictureFixtures.bytes("420.jpg");
        byte[] shorter = Arrays.copyOf(bytes, bytes.length * 3 / 4);
        shorter[shorter.length - 2] = (byte) 0xff;
        shorter[shorter.length - 1] = (byte) 0xd9;
        assertThatThrownBy(() -> PictureFile.decode("p", shorter)).isInstanceOf(PictureException.class)
                .hasMessageStartingWith("p: is a damaged JPEG picture: ");
    }

    @Test
    void aFlippedBitOfAPngIsSeen() {
        byte[] bytes = PictureFixtures.bytes("colours.png");
        bytes[bytes.length - 30] ^= 4;
        assertThatThrownBy(() -> PictureFile.decode("p", bytes)).isInstanceOf(PictureException.class)
                .hasMessageStartingWith("p: is a damaged PNG picture: the checksum of its part IDAT at byte ").hasMessageEndingWith(" is wrong");
    }

    /** A few bytes that claim a picture of gigabytes cost nothing but their refusal. */
    @Test
    void headersThatClaimTooMuchAreRefused() {
        assertThatThrownBy(() -> PictureFile.decode("p", jpegOf(65535, 65535))).hasMessage(
                "p: has 65535x65535 pixels, more than the 100 million that are read");
        assertThatThrownBy(() -> PictureFile.decode("p", jpegOf(9000, 9000))).hasMessageContaining("cannot hold 9000x9000 pixels");
        assertThatThrownBy(() -> PictureFile.decode("p", jpegOf(0, 16))).hasMessage("p: its header gives 16x0 pixels, which cannot be");
        assertThatThrownBy(() -> PictureFile.decode("p", pngOf(60_000, 60_000))).hasMessageContaining("more than the 100 million");
        assertThatThrownBy(() -> PictureFile.decode("p", pngOf(9000, 9000))).hasMessageContaining("cannot hold 9000x9000 pixels");
        assertThatThrownBy(() -> PictureFile.decode("p", pngOf(-1, 5))).hasMessageContaining("which cannot be");
    }

    @Test
    void emptyPiecesOfAPngAreNothingAndMostPiecesAreRefused() throws IOException {
        byte[] bytes = PictureFixtures.bytes("colours.png");
        byte[] empty = PictureFixtures.withPart(bytes, "IDAT", "IDAT", new byte[0]);
        assertThat(PngChunks.parse("p", empty).data()).hasSameSizeAs(PngChunks.parse("p", bytes).data());
        assertThat(PictureFile.decode("p", empty).picture()).usingRecursiveComparison().isEqualTo(decode("colours.png").picture());

        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("IDAT") - 4;
        byte[] piece = Arrays.copyOfRange(PictureFixtures.withPart(bytes, "IDAT", "IDAT", new byte[1]), at, at + 13);
        ByteArrayOutputStream many = new ByteArrayOutputStream();
        many.write(bytes, 0, at);
        for (int i = 0; i <= 1 << 17; i++) {
            many.write(piece);
        }
        assertThatThrownBy(() -> PictureFile.decode("p", many.toByteArray())).hasMessage("p: is a PNG picture in more than 131072 pieces");
    }

    private static byte[] jpegOf(int height, int width) {
        byte[] bytes = PictureFixtures.bytes("444.jpg");
        for (int i = 0; i < bytes.length; i++) {
            if ((bytes[i] & 0xff) == 0xff && (bytes[i + 1] & 0xff) == 0xc0) {
                ByteBuffer.wrap(bytes).putShort(i + 5, (short) height).putShort(i + 7, (short) width);
                return bytes;
            }
        }
        throw new AssertionError("no frame");
    }

    private static byte[] pngOf(int height, int width) {
        byte[] bytes = PictureFixtures.bytes("colours.png");
        byte[] header = Arrays.copyOfRange(bytes, 16, 29);
        ByteBuffer.wrap(header).putInt(0, width).putInt(4, height);
        byte[] without = Arrays.copyOf(bytes, bytes.length - 25);
        System.arraycopy(bytes, 33, without, 8, bytes.length - 33);
        return PictureFixtures.withPart(without, "tEXt", "IHDR", header);
    }
}
