package separable.tensorboard;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * A file of records as TensorFlow has it (TFRecord): the length as 8 bytes, its checksum as 4, the record, its checksum as 4, all of it
 * little-endian. Every record is written at once, so that a process that dies leaves at most its last one cut off.
 */
final class RecordFile implements AutoCloseable {

    /** Added to checksums, which are rotated before, so that a checksum of data with checksums in it stays a good one. */
    private static final int MASK = 0xa282ead8;
    private static final int FRAME_BYTES = 16;

    private final FileChannel channel;

    /** @throws java.nio.file.FileAlreadyExistsException when there is such a file */
    RecordFile(Path file) throws IOException {
        channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    void append(byte[] record) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(FRAME_BYTES + record.length).order(ByteOrder.LITTLE_ENDIAN);
        frame.putLong(record.length);
        frame.putInt(checksum(frame.array(), Long.BYTES));
        frame.put(record);
        frame.putInt(checksum(record, record.length));
        frame.flip();
        while (frame.hasRemaining()) {
            channel.write(frame);
        }
    }

    /** CRC-32C of the first {@code count} bytes, rotated right by 15 bits, plus the mask. */
    static int checksum(byte[] bytes, int count) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, count);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
