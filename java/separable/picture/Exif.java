package separable.picture;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The one thing that is wanted of a camera's EXIF block, a small TIFF file without pixels: which way up the picture is. */
final class Exif {

    private static final int ORIENTATION = 0x0112;
    private static final int SHORT = 3;
    private static final int ENTRY_BYTES = 12;

    private Exif() {
    }

    /** @param tiff the block from its byte order mark on @return 1 to 8; 1 where the block does not say or makes no sense */
    static int orientation(ByteBuffer tiff) {
        if (tiff.remaining() < 8) {
            return 1;
        }
        ByteBuffer block = tiff.slice();
        int mark = block.getShort(0);
        if (mark != 0x4949 && mark != 0x4d4d) {
            return 1;
        }
        block.order(mark == 0x4949 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
        long directory = Integer.toUnsignedLong(block.getInt(4));
        if (directory + 2 > block.limit()) {
            return 1;
        }
        int entries = Short.toUnsignedInt(block.getShort((int) directory));
        int first = (int) directory + 2;
        for (int i = 0; i < entries && first + (i + 1) * ENTRY_BYTES <= block.limit(); i++) {
            int entry = first + i * ENTRY_BYTES;
            if (Short.toUnsignedInt(block.getShort(entry)) == ORIENTATION && block.getShort(entry + 2) == SHORT) {
                int value = block.getShort(entry + 8);
                return value >= 1 && value <= 8 ? value : 1;
            }
        }
        return 1;
    }
}
