package separable.data;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The pictures of a folder, decoded once and kept as squares of bytes. Every folder, listing, size and number of channels has a place of
 * its own in the cache: changed or moved files are decoded anew. A file that could not be read is tried again at the next start. One process decodes; others that want the same wait for it. A
 * process that was killed leaves what it did to the next.
 */
final class PictureCache {

    /** Changes when the same file would decode to other bytes. */
    private static final String VERSION = "1";

    private static final int KEY_CHARACTERS = 16;
    private static final long WAIT_MILLIS = 200;

    /** A file lock is the process's, not the thread's: threads wait for each other here. */
    private static final Object IN_THIS_PROCESS = new Object();

    private final FolderListing listing;
    private final int size;
    private final int channels;
    private final Path folder;
    private final CacheEntry[] entries;
    private CachePixels pixels;

    private PictureCache(FolderListing listing, FolderOptions options) {
        this.listing = listing;
        this.size = options.size();
        this.channels = options.channels();
        String key = listing.digest(VERSION + " " + size + " " + channels + "\n");
        this.folder = options.cache().resolve("pictures").resolve(key.substring(0, KEY_CHARACTERS));
        this.entries = new CacheEntry[listing.entries().size()];
    }

    /** The cache of a listing, decoded as far as it is not yet. @throws DataException when it cannot be written or read */
    static PictureCache open(FolderListing listing, FolderOptions options, DecodeListener listener) {
        PictureCache cache = new PictureCache(listing, options);
        try {
            if (!cache.isComplete()) {
                cache.complete(listener);
            }
            return cache;
        } catch (IOException e) {
            throw new DataException(cache.folder + ": the decoded pictures cannot be kept there (" + reason(e)
                    + "): make room, or name another place with --cache DIR", e);
        }
    }

    /** Where it lies. */
    Path folder() {
        return folder;
    }

    CacheEntry entry(int picture) {
        return entries[picture];
    }

    /** Appends {@code [size, size, channels]} bytes to {@code to}. @throws DataException when they are damaged: the next opening decodes them again */
    void read(int picture, ByteBuffer to) {
        if (!pixels.isWhole(entries[picture])) {
            throw damaged(picture);
        }
        pixels.read(picture, to);
    }

    /** Strikes the picture from the index. Other processes may use the cache: its pixels are left to who holds the lock. */
    private DataException damaged(int picture) {
        String what = pixelsFile() + ": the square of " + listing.entries().get(picture).path() + " is damaged (its checksum is wrong)";
        try {
            index().strike(picture);
        } catch (IOException e) {
            return new DataException(what + " and cannot be struck from the index (" + reason(e) + "): delete the folder " + folder
                    + ", all pictures are then decoded again", e);
        }
        return new DataException(what + " and was struck from the index: start again, it alone is then decoded again");
    }

    private boolean isComplete() throws IOException {
        try {
            if (Files.size(pixelsFile()) != bytes() || index().read(entries, false) < entries.length) {
                return false;
            }
            pixels = new CachePixels(pixelsFile(), entries.length, imageBytes());
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private void complete(DecodeListener listener) throws IOException {
        synchronized (IN_THIS_PROCESS) {
            Files.createDirectories(folder);
            // Closing the channel gives the lock back.
            try (FileChannel channel = FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                lock(channel, listener);
                if (!isComplete()) {
                    decodeMissing(listener);
                }
            }
        }
    }

    private void lock(FileChannel channel, DecodeListener listener) throws IOException {
        for (FileLock lock = channel.tryLock(); lock == null; lock = channel.tryLock()) {
            listener.decoded(-1, entries.length);
            try {
                Thread.sleep(WAIT_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while another process decodes them", e);
            }
        }
    }

    private void decodeMissing(DecodeListener listener) throws IOException {
        if (!Files.exists(pixelsFile()) || Files.size(pixelsFile()) != bytes()) {
            begin();
        }
        index().read(entries, true);
        pixels = new CachePixels(pixelsFile(), entries.length, imageBytes());
        List<Integer> missing = new ArrayList<>();
        for (int picture = 0; picture < entries.length; picture++) {
            CacheEntry entry = entries[picture];
            if (entry == null || !entry.isBroken() && !pixels.isWhole(entry)) {
                missing.add(picture);
            }
        }
        new PictureDecoding(listing, size, channels, pixelsFile(), index(), Runtime.getRuntime().maxMemory() / 2).run(missing, entries, listener);
    }

    /** Lays out an empty cache; the file has no blocks on the disk before pictures are written to it. */
    private void begin() throws IOException {
        long free = Files.getFileStore(folder).getUsableSpace();
        if (free < bytes()) {
            throw new IOException(String.format(Locale.ROOT, "they take %.1f GB, %.1f are free", bytes() / 1e9, free / 1e9));
        }
        Files.deleteIfExists(indexFile());
        Files.writeString(folder.resolve("about.txt"), listing.root() + "\n" + entries.length + " pictures, kept as " + size + "x" + size + "x"
                + channels + "\n");
        try (RandomAccessFile file = new RandomAccessFile(pixelsFile().toFile(), "rw")) {
            file.setLength(bytes());
        }
    }

    private long bytes() {
        return (long) entries.length * imageBytes();
    }

    private int imageBytes() {
        return size * size * channels;
    }

    private Path pixelsFile() {
        return folder.resolve("pixels.u8");
    }

    private Path indexFile() {
        return folder.resolve("index");
    }

    private CacheIndex index() {
        return new CacheIndex(indexFile(), channels);
    }

    private static String reason(IOException e) {
        return e.getClass() == IOException.class ? e.getMessage() : e.getClass().getSimpleName().replace("Exception", "") + ": " + e.getMessage();
    }
}
