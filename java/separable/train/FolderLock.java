package separable.train;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Set;

/** Keeps a folder for one run, against other processes and others of this one, until it is closed or the process is gone. */
final class FolderLock implements AutoCloseable {

    /** Stays in the folder: were it deleted, two processes could each lock a file of that name. */
    static final String FILE = ".lock";

    /** A process that opens and closes a file that it has locked loses the lock, so this process must know without trying. */
    private static final Set<Path> IN_THIS_PROCESS = new HashSet<>();

    private final Path folder;
    private final FileChannel channel;

    private FolderLock(Path folder, FileChannel channel) {
        this.folder = folder;
        this.channel = channel;
    }

    /**
     * @throws TrainingException when another run has the folder
     * @throws IOException       when the file system cannot lock
     */
    static FolderLock of(Path folder) throws IOException {
        synchronized (IN_THIS_PROCESS) {
            Path real = folder.toRealPath();
            if (IN_THIS_PROCESS.contains(real)) {
                throw held(folder);
            }
            FileChannel channel = FileChannel.open(real.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                if (channel.tryLock() == null) {
                    throw held(folder);
                }
            } catch (IOException | RuntimeException failure) {
                channel.close();
                throw failure;
            }
            IN_THIS_PROCESS.add(real);
            return new FolderLock(real, channel);
        }
    }

    private static TrainingException held(Path folder) {
        return new TrainingException("cannot write to " + folder + ": another run is under way there: wait for its end, stop it, or choose another --out");
    }

    /** Deletes the file too, for a folder that is about to go. */
    void delete() throws IOException {
        Files.deleteIfExists(folder.resolve(FILE));
    }

    @Override
    public void close() throws IOException {
        synchronized (IN_THIS_PROCESS) {
            IN_THIS_PROCESS.remove(folder);
            channel.close();
        }
    }
}
