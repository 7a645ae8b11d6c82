package separable.picture;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;

/**
 * The parts of a PNG file that its pixels need, their checksums seen to; all others are stepped over unread (PNG specification,
 * third edition, chapters 5 and 11).
 *
 * @param depth        bits of a sample
 * @param colour       0 grey, 2 colour, 3 palette, 4 grey and alpha, 6 colour and alpha
 * @param isInterlaced whether rows come in Adam7's seven passes
 * @param palette      red, green and blue of every entry; empty without one
 * @param transparency {@code tRNS}: the palette's alphas or the one colour that is transparent; empty without
 * @param data         the compressed rows, in pieces
 * @param orientation  EXIF's, 1 to 8
 */
record PngChunks(String name, int width, int height, int depth, int colour, boolean isInterlaced, byte[] palette, byte[] transparency,
                 List<ByteBuffer> data, int orientation) {

    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final int HEADER_BYTES = 13;

    /** Pieces of compressed rows: the largest file that is read has so many of 2 KiB; those of encoders are larger. */
    private static final int MOST_PIECES = PictureFile.MOST_BYTES >> 11;

    static boolean isPng(byte[] bytes) {
        return bytes.length >= SIGNATURE.length && Arrays.equals(bytes, 0, SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length);
    }

    /** Samples of a pixel in the file. */
    int samples() {
        return samples(colour);
    }

    /** Bytes of all compressed rows. */
    long dataBytes() {
        return data.stream().mapToLong(ByteBuffer::remaining).sum();
    }

    static PngChunks parse(String name, byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).position(SIGNATURE.length);
        ByteBuffer header = null;
        byte[] palette = {};
        byte[] transparency = {};
        int orientation = 1;
        List<ByteBuffer> data = new ArrayList<>();
        for (String type = ""; !type.equals("IEND"); ) {
            ByteBuffer body = chunk(name, file);
            type = type(bytes, body);
            if (header == null && !type.equals("IHDR")) {
                throw new PictureException(name, "is a damaged PNG picture: it begins without a header");
            }
            switch (type) {
                case "IHDR" -> header = body;
                case "PLTE" -> palette = copy(body);
                case "tRNS" -> transparency = copy(body);
                case "IDAT" -> addPiece(name, data, body);
                case "eXIf" -> orientation = Exif.orientation(body);
                default -> { }
            }
        }
        return of(name, header, palette, transparency, data, orientation);
    }

    /** Empty pieces are allowed, and nothing. */
    private static void addPiece(String name, List<ByteBuffer> data, ByteBuffer body) {
        if (data.size() == MOST_PIECES) {
            throw new PictureException(name, "is a PNG picture in more than " + MOST_PIECES + " pieces");
        }
        if (body.hasRemaining()) {
            data.add(body);
        }
    }

    /** The body of the next chunk, whose type lies in the four bytes before it. */
    private static ByteBuffer chunk(String name, ByteBuffer file) {
        if (file.remaining() < 12) {
            throw truncated(name);
        }
        long length = Integer.toUnsignedLong(file.getInt());
        if (length > file.remaining() - 8) {
            throw truncated(name);
        }
        int type = file.position();
        ByteBuffer body = file.slice(type + 4, (int) length);
        CRC32 sum = new CRC32();
        sum.update(file.slice(type, (int) length + 4));
        file.position(type + 4 + (int) length);
        if (file.getInt() != (int) sum.getValue()) {
            throw new PictureException(name, "is a damaged PNG picture: the checksum of its part " + type(file.array(), body) + " at byte "
                    + type + " is wrong");
        }
        return body;
    }

    private static String type(byte[] bytes, ByteBuffer body) {
        String type = new String(bytes, body.arrayOffset() - 4, 4, StandardCharsets.US_ASCII);
        return type.chars().allMatch(Character::isLetter) ? type : "?";
    }

    private static PngChunks of(String name, ByteBuffer header, byte[] palette, byte[] transparency, List<ByteBuffer> data,
                                int orientation) {
        if (header.remaining() != HEADER_BYTES) {
            throw new PictureException(name, "is a damaged PNG picture: its header has " + header.remaining() + " bytes, not 13");
        }
        int width = header.getInt(0);
        int height = header.getInt(4);
        int depth = header.get(8);
        int colour = header.get(9);
        PictureFile.checkSize(name, height, width);
        if (!isKnown(depth, colour) || header.get(10) != 0 || header.get(11) != 0 || header.get(12) < 0 || header.get(12) > 1) {
            throw new PictureException(name, "is a PNG picture of no known kind: depth " + depth + ", colour type " + colour);
        }
        PngChunks chunks = new PngChunks(name, width, height, depth, colour, header.get(12) == 1, palette, transparency, data, orientation);
        chunks.checkTables();
        chunks.checkLength();
        return chunks;
    }

    private static boolean isKnown(int depth, int colour) {
        return switch (colour) {
            case 0 -> depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
            case 3 -> depth == 1 || depth == 2 || depth == 4 || depth == 8;
            case 2, 4, 6 -> depth == 8 || depth == 16;
            default -> false;
        };
    }

    private void checkTables() {
        if (colour == 3 && (palette.length == 0 || palette.length % 3 != 0 || palette.length > 3 * 256)) {
            throw new PictureException(name, "is a damaged PNG picture: it has no usable palette");
        }
        boolean isColour = colour == 0 && transparency.length == 2 || colour == 2 && transparency.length == 6;
        if (transparency.length > 0 && colour != 3 && !isColour) {
            throw new PictureException(name, "is a damaged PNG picture: its transparency (tRNS) has " + transparency.length + " bytes");
        }
    }

    /** Deflate packs at most 1032 bytes into one: what claims more is refused before anything is allocated for it. */
    private void checkLength() {
        long unpacked = (long) height * (((long) width * samples() * depth + 7) / 8);
        if (unpacked > 1032 * dataBytes()) {
            throw new PictureException(name, "is truncated: " + dataBytes() + " bytes cannot hold " + width + "x" + height + " pixels");
        }
    }

    static PictureException truncated(String name) {
        return new PictureException(name, "is a truncated PNG picture");
    }

    private static int samples(int colour) {
        return switch (colour) {
            case 2 -> 3;
            case 4 -> 2;
            case 6 -> 4;
            default -> 1;
        };
    }

    private static byte[] copy(ByteBuffer body) {
        byte[] copy = new byte[body.remaining()];
        body.get(0, copy);
        return copy;
    }
}
