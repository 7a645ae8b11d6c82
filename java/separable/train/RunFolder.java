package separable.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import separable.exchange.AsideFile;

/**
 * The folder a run writes to. Files are written aside in full, forced to the disk and only then renamed over the old
 * ones, so a reader, a full disk or an interruption never sees half a file.
 */
public final class RunFolder implements AutoCloseable {

    private static final int DIGEST_CHARACTERS = 16;

    private final Path folder;
    private final boolean created;

    /** Null where others may write beside. */
    private final FolderLock lock;

    private RunFolder(Path folder, boolean created, FolderLock lock) {
        this.folder = folder;
        this.created = created;
        this.lock = lock;
    }

    /** Writes one file's content to the path it is given. */
    @FunctionalInterface
    public interface Content {
        void writeTo(Path file) throws IOException;
    }

    /**
     * Creates the folder where it is missing, tries that a file can be written in it, and deletes files that a killed process left half
     * written.
     *
     * @throws TrainingException when it is no folder or cannot be written
     */
    public static RunFolder open(Path folder) {
        return open(folder, false);
    }

    /**
     * As {@link #open}, for a training run: no other may begin there until this is closed.
     *
     * @throws TrainingException as {@link #open}, and when another run is under way there
     */
    static RunFolder openForRun(Path folder) {
        return open(folder, true);
    }

    private static RunFolder open(Path folder, boolean alone) {
        boolean missing = Files.notExists(folder);
        try {
            if (!missing && !Files.isDirectory(folder)) {
                throw new TrainingException("cannot write to " + folder + ": it is a file, not a folder: choose another --out");
            }
            Files.createDirectories(folder);
            Files.write(aside(folder, "probe"), new byte[1]);
            Files.delete(aside(folder, "probe"));
            AsideFile.deleteLeftovers(folder);
            return new RunFolder(folder, missing, alone ? FolderLock.of(folder) : null);
        } catch (IOException e) {
            throw new TrainingException("cannot write to " + folder + ": " + reason(e)
                    + ": choose another --out or change its permissions", e);
        }
    }

    public Path path() {
        return folder;
    }

    /**
     * Writes all files aside, then renames them all.
     *
     * @throws TrainingException when one cannot be written; the folder's files are then as they were
     */
    public void replace(Map<String, Content> files) {
        Map<Path, Path> aside = new LinkedHashMap<>();
        String current = "";
        try {
            for (Map.Entry<String, Content> file : files.entrySet()) {
                current = file.getKey();
                Path temporary = aside(folder, current);
                aside.put(temporary, folder.resolve(current));
                file.getValue().writeTo(temporary);
                force(temporary);
            }
            for (Map.Entry<Path, Path> ready : aside.entrySet()) {
                Files.move(ready.getKey(), ready.getValue(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (UncheckedIOException e) {
            throw cannotWrite(current, e.getCause());
        } catch (IOException e) {
            throw cannotWrite(current, e);
        } finally {
            aside.keySet().forEach(RunFolder::deleteIfThere);
        }
    }

    /** A file's name, with a part of its content's digest in it, and the whole digest. */
    record Digested(String name, String sha256) {
    }

    /**
     * Writes one file under a name that no other content has: {@code PREFIX-DIGEST.SUFFIX}.
     *
     * @throws TrainingException when it cannot be written
     */
    Digested add(String prefix, String suffix, Content content) {
        Path temporary = aside(folder, prefix);
        try {
            content.writeTo(temporary);
            force(temporary);
            String sha256 = Digest.sha256(temporary);
            String name = prefix + "-" + sha256.substring(0, DIGEST_CHARACTERS) + suffix;
            Files.move(temporary, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return new Digested(name, sha256);
        } catch (UncheckedIOException e) {
            throw cannotWrite(prefix + suffix, e.getCause());
        } catch (IOException e) {
            throw cannotWrite(prefix + suffix, e);
        } finally {
            deleteIfThere(temporary);
        }
    }

    /** Deletes the files in the folder whose name {@code unwanted} accepts. */
    void delete(Predicate<String> unwanted) {
        for (String name : Objects.requireNonNullElse(folder.toFile().list(), new String[0])) {
            if (unwanted.test(name)) {
                deleteIfThere(folder.resolve(name));
            }
        }
    }

    private static Path aside(Path folder, String name) {
        return AsideFile.of(folder.resolve(name));
    }

    private TrainingException cannotWrite(String file, IOException e) {
        return new TrainingException("cannot write " + folder.resolve(file) + ": " + reason(e)
                + ": make room on that disk or choose another --out", e);
    }

    private static void force(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    private static void deleteIfThere(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            // The failure that matters is already on its way to the caller; a stray temporary file is all that is left.
            System.getLogger(RunFolder.class.getName()).log(System.Logger.Level.WARNING, "could not delete " + temporary, e);
        }
    }

    private static String reason(IOException e) {
        if (e instanceof FileSystemException f) {
            String kind = f.getReason() != null ? f.getReason()
                    : f.getClass().getSimpleName().replace("Exception", "").replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase();
            return kind;
        }
        return e.getMessage();
    }

    /** Lets others in, and removes the folder again when this run created it and nothing was written. */
    @Override
    public void close() {
        boolean empty = created && List.of(Objects.requireNonNullElse(folder.toFile().list(), new String[] {""})).stream()
                .allMatch(FolderLock.FILE::equals);
        try {
            if (lock != null) {
                try (lock) {
                    if (empty) {
                        lock.delete();
                    }
                }
            }
        } catch (IOException e) {
            throw cannotWrite(FolderLock.FILE, e);
        }
        if (empty) {
            deleteIfThere(folder);
        }
    }
}
