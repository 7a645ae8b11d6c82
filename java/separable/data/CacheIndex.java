package separable.data;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UTFDataFormatException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32C;

/**
 * The file that says which pictures of a cache are there. Entries are only ever appended, each with its length before and its CRC-32C
 * after it, all big-endian; the last of a picture counts, and one that is the picture's number alone strikes those before it. What a kill cut off, and everything from the first damaged byte on, counts as never written.
 */
final class CacheIndex {

    private static final long MAGIC = 0x53455050_49435432L;     // SEPPICT2: the number changes with the layout
    private static final int MOST_BYTES = 1 << 13;

    private final Path path;
    private final int channels;

    CacheIndex(Path path, int channels) {
        this.path = path;
        this.channels = channels;
    }

    /**
     * Reads what is whole into {@code entries}, by picture, null where there is none, and cuts off the rest when {@code repair}.
     *
     * @return how many pictures have an entry
     */
    int read(CacheEntry[] entries, boolean repair) throws IOException {
        Arrays.fill(entries, null);
        long whole = 0;
        try (FileChannel channel = repair ? FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)
                : FileChannel.open(path)) {
            DataInputStream in = new DataInputStream(new BufferedInputStream(Channels.newInputStream(channel), 1 << 16));
            if (channel.size() >= Long.BYTES && in.readLong() == MAGIC) {
                whole = Long.BYTES;
                for (byte[] entry = next(in); entry != null; entry = next(in)) {
                    if (!take(entry, entries)) {
                        break;
                    }
                    whole += entry.length + 2L * Integer.BYTES;
                }
            }
            if (repair) {
                channel.truncate(whole);
            }
        }
        return (int) Arrays.stream(entries).filter(Objects::nonNull).count();
    }

    /** The bytes of the next entry, or null where there is no whole one. */
    private static byte[] next(DataInputStream in) throws IOException {
        try {
            int length = in.readInt();
            if (length < 0 || length > MOST_BYTES) {
                return null;
            }
            byte[] entry = new byte[length];
            in.readFully(entry);
            return in.readInt() == checksum(entry) ? entry : null;
        } catch (EOFException e) {
            return null;     // cut off by a kill: the usual end of a file that is not finished
        }
    }

    /** Puts an entry in its place. @return false where the bytes are whole and no entry all the same */
    private boolean take(byte[] bytes, CacheEntry[] entries) throws IOException {
        if (bytes.length < Integer.BYTES) {
            return false;
        }
        int picture = ByteBuffer.wrap(bytes).getInt();
        if (picture < 0 || picture >= entries.length) {
            return false;
        }
        try {
            entries[picture] = bytes.length == Integer.BYTES ? null : CacheEntry.of(bytes, channels);
            return true;
        } catch (EOFException | UTFDataFormatException e) {
            return false;
        }
    }

    /** Appends entries and sees them to the disk. Their pictures must be there before. */
    void append(Collection<CacheEntry> entries) throws IOException {
        appendAll(entries.stream().map(CacheEntry::toBytes).toList());
    }

    /** Strikes a picture's entry, so that it counts as never written. */
    void strike(int picture) throws IOException {
        appendAll(List.of(ByteBuffer.allocate(Integer.BYTES).putInt(picture).array()));
    }

    private void appendAll(List<byte[]> entries) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            if (channel.size() == 0) {
                write(channel, ByteBuffer.allocate(Long.BYTES).putLong(MAGIC));
            }
            for (byte[] bytes : entries) {
                write(channel, ByteBuffer.allocate(bytes.length + 2 * Integer.BYTES).putInt(bytes.length).put(bytes).putInt(checksum(bytes)));
            }
            channel.force(true);
        }
    }

    private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
        bytes.flip();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static int checksum(byte[] bytes) {
        CRC32C sum = new CRC32C();
        sum.update(bytes);
        return (int) sum.getValue();
    }
}
