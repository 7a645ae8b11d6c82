package separable.tune;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import separable.tune.Decision.Score;

/**
 * The cache's file: read whole; changed under a lock on a file beside it, by writing the whole aside and renaming it, so that a reader
 * sees one state or the next and two writers lose nothing of each other's.
 */
final class CacheFile {

    /** Of the layout below; a file of another is not understood. */
    private static final int FORMAT = 1;

    private static final long MOST_BYTES = 16 << 20;
    static final int MOST_ENTRIES = 10_000;

    private static final long LOCK_PATIENCE_NANOS = 10_000_000_000L;
    private static final long LOCK_PAUSE_MILLIS = 20;

    private static final Gson GSON = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    /** A file lock is the process's, not the thread's: threads wait for each other here. */
    private static final Object IN_THIS_PROCESS = new Object();

    /** The file is there, but not one of ours that we can read. */
    static final class UnreadableException extends Exception {

        private static final long serialVersionUID = 1L;

        UnreadableException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** The layout in JSON, with nothing checked. */
    private record Content(int format, Map<String, Line> entries) {
    }

    private record Line(String effort, String winner, double microseconds, String runnerUp, Double runnerUpMicroseconds, long day) {
    }

    private final Path folder;
    private final Path path;

    CacheFile(Path folder) {
        this.folder = folder;
        this.path = folder.resolve("tuning.json");
    }

    Path path() {
        return path;
    }

    /** All entries; none when there is no file. */
    Map<String, CacheEntry> read() throws UnreadableException {
        try {
            if (Files.size(path) > MOST_BYTES) {
                throw new UnreadableException("it has more than " + MOST_BYTES + " bytes", null);
            }
            Content content = GSON.fromJson(Files.readString(path), Content.class);
            if (content == null || content.entries() == null || content.format() != FORMAT) {
                throw new UnreadableException("it is not of format " + FORMAT, null);
            }
            Map<String, CacheEntry> entries = new HashMap<>();
            content.entries().forEach((key, line) -> entries.put(key, entry(line)));
            return entries;
        } catch (NoSuchFileException e) {
            return new HashMap<>();
        } catch (IOException e) {
            throw new UnreadableException(reason(e), e);
        } catch (JsonParseException | IllegalArgumentException e) {
            throw new UnreadableException("it holds something else than results of tuning", e);
        }
    }

    private static CacheEntry entry(Line line) {
        if (line == null || line.winner() == null || (line.runnerUp() == null) != (line.runnerUpMicroseconds() == null)) {
            throw new IllegalArgumentException("an entry without its winner, or with half a runner-up");
        }
        Optional<Score> runnerUp = line.runnerUp() == null ? Optional.empty() : Optional.of(new Score(line.runnerUp(), line.runnerUpMicroseconds()));
        return new CacheEntry(Effort.parse(line.effort()), new Score(line.winner(), line.microseconds()), runnerUp, line.day());
    }

    private static Line line(CacheEntry entry) {
        return new Line(entry.effort().toString(), entry.winner().candidate(), entry.winner().microseconds(),
                entry.runnerUp().map(Score::candidate).orElse(null), entry.runnerUp().map(Score::microseconds).orElse(null), entry.day());
    }

    /** Adds {@code changed} to what is in the file by now. */
    void merge(Map<String, CacheEntry> changed) throws IOException {
        synchronized (IN_THIS_PROCESS) {
            Files.createDirectories(folder);
            // Closing the channel gives the lock back.
            try (FileChannel channel = FileChannel.open(folder.resolve("tuning.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                lock(channel);
                Map<String, CacheEntry> merged = readOrNothing();
                changed.forEach((key, entry) -> merged.merge(key, entry, CacheEntry::or));
                replace(newest(merged));
            }
        }
    }

    private static void lock(FileChannel channel) throws IOException {
        long began = System.nanoTime();
        while (channel.tryLock() == null) {
            if (System.nanoTime() - began > LOCK_PATIENCE_NANOS) {
                throw new IOException("another process keeps it locked");
            }
            try {
                Thread.sleep(LOCK_PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while waiting for its lock", e);
            }
        }
    }

    private Map<String, CacheEntry> readOrNothing() {
        try {
            return read();
        } catch (UnreadableException e) {
            return new HashMap<>();     // said when it was read first; now it is replaced
        }
    }

    private static Map<String, Line> newest(Map<String, CacheEntry> entries) {
        return entries.entrySet().stream()
                .sorted(Comparator.comparingLong((Map.Entry<String, CacheEntry> entry) -> entry.getValue().day()).reversed())
                .limit(MOST_ENTRIES)
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> line(entry.getValue()), (a, b) -> a, TreeMap::new));
    }

    private void replace(Map<String, Line> lines) throws IOException {
        Path aside = Files.createTempFile(folder, ".tuning", ".tmp");
        try {
            try (FileChannel channel = FileChannel.open(aside, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = StandardCharsets.UTF_8.encode(GSON.toJson(new Content(FORMAT, lines)) + "\n");
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(aside, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(aside);
        }
    }

    /** One clause for people. */
    static String reason(IOException e) {
        if (e instanceof FileSystemException failure && failure.getReason() != null) {
            return failure.getReason();
        }
        return e.getClass().getSimpleName().replaceAll("(?<=[a-z])(?=[A-Z])", " ").toLowerCase(Locale.ROOT)
                + (e.getMessage() == null ? "" : ": " + e.getMessage());
    }
}
