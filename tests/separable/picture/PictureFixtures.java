package separable.picture;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;

/** The files of {@code tests/fixtures/pictures} and what PIL makes of them. */
final class PictureFixtures {

    private PictureFixtures() {
    }

    static byte[] bytes(String name) {
        try (InputStream in = PictureFixtures.class.getResourceAsStream("/fixtures/pictures/" + name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A binary PGM or PPM file. */
    static Picture expected(String name) {
        byte[] file = bytes(name + ".pnm");
        int end = 0;
        while (file[end] != '\n') {
            end++;
        }
        String[] header = new String(file, 0, end, StandardCharsets.US_ASCII).split(" ");
        return new Picture(Integer.parseInt(header[2]), Integer.parseInt(header[1]), header[0].equals("P5") ? 1 : 3,
                Arrays.copyOfRange(file, end + 1, file.length));
    }

    /** The largest difference of two pictures of one size. */
    static int distance(Picture a, Picture b) {
        int most = 0;
        for (int i = 0; i < a.pixels().length; i++) {
            most = Math.max(most, Math.abs((a.pixels()[i] & 0xff) - (b.pixels()[i] & 0xff)));
        }
        return most;
    }

    /** {@code bytes} with one more PNG part before the first one named {@code before}, its checksum right. */
    static byte[] withPart(byte[] bytes, String before, String type, byte[] body) {
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(before) - 4;
        byte[] part = ByteBuffer.allocate(body.length + 12).putInt(body.length)
                .put(type.getBytes(StandardCharsets.US_ASCII)).put(body).array();
        CRC32 sum = new CRC32();
        sum.update(part, 4, body.length + 4);
        ByteBuffer.wrap(part).putInt(body.length + 8, (int) sum.getValue());
        byte[] longer = Arrays.copyOf(bytes, bytes.length + part.length);
        System.arraycopy(part, 0, longer, at, part.length);
        System.arraycopy(bytes, at, longer, at + part.length, bytes.length - at);
        return longer;
    }

    /** Sets the checksums of a PNG file's parts right, as far as it still has parts. */
    static void mendChecksums(byte[] bytes) {
        if (!PngChunks.isPng(bytes)) {
            return;
        }
        ByteBuffer file = ByteBuffer.wrap(bytes);
        for (long at = 8; at + 12 <= bytes.length; ) {
            long length = Integer.toUnsignedLong(file.getInt((int) at));
            if (at + 12 + length > bytes.length) {
                return;
            }
            CRC32 sum = new CRC32();
            sum.update(bytes, (int) at + 4, (int) length + 4);
            file.putInt((int) (at + 8 + length), (int) sum.getValue());
            at += 12 + length;
        }
    }
}
