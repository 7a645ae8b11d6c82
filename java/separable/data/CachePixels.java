package separable.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/** A cache's pictures, one after the other in a file that is mapped into memory: the system reads and drops its pages as it sees fit. */
final class CachePixels {

    private static final long SEGMENT_BYTES = 1 << 30;

    private final int imageBytes;
    private final int together;
    private final ByteBuffer[] segments;

    /** @throws IOException when the file cannot be mapped, or is shorter than its pictures */
    CachePixels(Path path, int pictures, int imageBytes) throws IOException {
        this.imageBytes = imageBytes;
        this.together = (int) (SEGMENT_BYTES / imageBytes);
        this.segments = new ByteBuffer[(pictures + together - 1) / together];
        long bytes = (long) pictures * imageBytes;
        try (FileChannel channel = FileChannel.open(path)) {
            if (channel.size() != bytes) {
                throw new IOException("has " + channel.size() + " bytes instead of " + bytes);
            }
            for (int i = 0; i < segments.length; i++) {
                long first = (long) i * together * imageBytes;
                segments[i] = channel.map(MapMode.READ_ONLY, first, Math.min((long) together * imageBytes, bytes - first));
            }
        }
    }

    /** The bytes of a picture, for one thread. */
    private ByteBuffer at(int picture) {
        return segments[picture / together].slice(picture % together * imageBytes, imageBytes);
    }

    boolean isWhole(CacheEntry entry) {
        return checksum(at(entry.picture())) == entry.checksum();
    }

    /** Appends a picture's bytes to {@code to}. */
    void read(int picture, ByteBuffer to) {
        to.put(at(picture));
    }

    static int checksum(ByteBuffer bytes) {
        CRC32C sum = new CRC32C();
        sum.update(bytes);
        return (int) sum.getValue();
    }
}
