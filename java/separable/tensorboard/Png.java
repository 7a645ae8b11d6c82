package separable.tensorboard;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Pictures as PNG files (RFC 2083), without AWT, which a machine that trains may lack. */
final class Png {

    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    /** PNG's colour types for grey, grey and alpha, RGB, RGB and alpha. */
    private static final int[] COLOUR_TYPES = {0, 4, 2, 6};
    private static final int BIT_DEPTH = 8;

    private Png() {
    }

    /** @param pixels u8 {@code [height, width, channels]}, of 1 to 4 channels */
    static byte[] encode(int height, int width, int channels, byte[] pixels) {
        if (channels < 1 || channels > COLOUR_TYPES.length || pixels.length != (long) height * width * channels) {
            throw new IllegalArgumentException(pixels.length + " bytes for a picture of " + height + "x" + width + " and " + channels
                    + " channels: 1 to 4 channels, and a byte each");
        }
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes(SIGNATURE);
        // The three zeros left: deflate, filters a row, no interlace.
        chunk(file, "IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) BIT_DEPTH).put((byte) COLOUR_TYPES[channels - 1]).array());
        chunk(file, "IDAT", deflated(height, width * channels, pixels));
        chunk(file, "IEND", new byte[0]);
        return file.toByteArray();
    }

    /** Every row after a byte that names its filter: none. */
    private static byte[] deflated(int rows, int rowBytes, byte[] pixels) {
        Deflater deflater = new Deflater();
        try {
            ByteBuffer lines = ByteBuffer.allocate(rows * (1 + rowBytes));
            for (int row = 0; row < rows; row++) {
                lines.put((byte) 0).put(pixels, row * rowBytes, rowBytes);
            }
            deflater.setInput(lines.array());
            deflater.finish();
            ByteArrayOutputStream packed = new ByteArrayOutputStream();
            byte[] part = new byte[8192];
            while (!deflater.finished()) {
                packed.write(part, 0, deflater.deflate(part));
            }
            return packed.toByteArray();
        } finally {
            deflater.end();
        }
    }

    private static void chunk(ByteArrayOutputStream file, String type, byte[] content) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(content);
        file.writeBytes(ByteBuffer.allocate(12 + content.length).putInt(content.length).put(name).put(content).putInt((int) crc.getValue()).array());
    }
}
