package separable.exchange;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Writes a file beside its place and renames it once it is complete and on the disk, so an older one survives any failure. */
final class WholeFile {

    /** Bytes read or written at once: the JDK keeps a native copy of each heap buffer as large as the largest one transferred. */
    static final int PIECE = 1 << 20;

    private WholeFile() {
    }

    @FunctionalInterface
    interface Content {
        void writeTo(FileChannel channel) throws IOException;
    }

    static void replace(Path file, Content content) throws IOException {
        Path target = file.toAbsolutePath();
        Path aside = AsideFile.of(target);
        try {
            try (FileChannel channel = FileChannel.open(aside, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                    StandardOpenOption.TRUNCATE_EXISTING)) {
                content.writeTo(channel);
                channel.force(true);
            }
            Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(aside); // still there only after a failure
        }
        try (FileChannel folder = FileChannel.open(target.getParent(), StandardOpenOption.READ)) {
            folder.force(true); // the new name too
        }
    }

    static void writeFully(FileChannel channel, ByteBuffer data) throws IOException {
        int end = data.limit();
        while (data.position() < end) {
            data.limit((int) Math.min(end, (long) data.position() + PIECE));
            channel.write(data);
        }
    }
}
