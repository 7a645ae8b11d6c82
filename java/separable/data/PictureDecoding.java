package separable.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import separable.picture.Decoded;
import separable.picture.Picture;
import separable.picture.PictureException;
import separable.picture.PictureFile;

/**
 * Decodes pictures on all cores into a cache's file. The thread that asked collects what is done and, about once a second, sees first the
 * pictures and then their entries to the disk, so that the index never names what is not there.
 */
final class PictureDecoding {

    private static final long FLUSH_NANOS = 1_000_000_000L;
    private static final long PATIENCE_MILLIS = 100;

    /** Heap that decoding one pixel takes at most: four components, colours, and those turned. */
    private static final int BYTES_A_PIXEL = 10;

    /** Shapes beyond these are named in the report: little of them is in the square. */
    private static final int SMALL_SIDE = 8;
    private static final int LONG_TIMES = 8;

    private final FolderListing listing;
    private final int size;
    private final int channels;
    private final Path pixelsFile;
    private final CacheIndex index;

    /** One picture's end, in the cache or for this run only, or the failure that ends all. */
    private record Done(CacheEntry entry, boolean isKept, Throwable failure) {

        static Done forThisRun(CacheEntry entry) {
            return new Done(entry, false, null);
        }

        static Done kept(CacheEntry entry) {
            return new Done(entry, true, null);
        }
    }

    private final BlockingQueue<Done> results = new LinkedBlockingQueue<>();
    private final AtomicInteger next = new AtomicInteger();
    private volatile boolean stopped;

    /** MiB of heap for pictures being decoded, their files included, and what is free of them. */
    private final int budget;
    private final Semaphore heap;

    /** @param heapBytes how much of the heap pictures being decoded may take: what needs more than all of it is broken for this run */
    PictureDecoding(FolderListing listing, int size, int channels, Path pixelsFile, CacheIndex index, long heapBytes) {
        this.listing = listing;
        this.size = size;
        this.channels = channels;
        this.pixelsFile = pixelsFile;
        this.index = index;
        this.budget = (int) Math.min(Integer.MAX_VALUE, mebibytes(heapBytes));
        this.heap = new Semaphore(budget, true);
    }

    /** Decodes the {@code missing} pictures into {@code entries}, the file and the index. */
    void run(List<Integer> missing, CacheEntry[] entries, DecodeListener listener) throws IOException {
        List<Thread> workers = new ArrayList<>();
        try (FileChannel pixels = FileChannel.open(pixelsFile, StandardOpenOption.WRITE)) {
            int cores = Math.min(missing.size(), Runtime.getRuntime().availableProcessors());
            for (int i = 0; i < cores; i++) {
                Thread worker = new Thread(() -> work(missing, pixels), "decode " + i);
                worker.setDaemon(true);
                worker.start();
                workers.add(worker);
            }
            try {
                collect(missing.size(), entries, pixels, listener);
            } finally {
                stopped = true;
                join(workers);
            }
        }
    }

    private void collect(int wanted, CacheEntry[] entries, FileChannel pixels, DecodeListener listener) throws IOException {
        List<CacheEntry> unsaved = new ArrayList<>();
        int before = entries.length - wanted;
        long flushed = System.nanoTime();
        listener.decoded(before, entries.length);
        try {
            for (int done = 0; done < wanted; ) {
                Done result = results.poll(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
                if (result == null) {
                    listener.decoded(before + done, entries.length);
                    continue;
                }
                CacheEntry entry = entryOf(result);
                entries[entry.picture()] = entry;
                if (result.isKept()) {
                    unsaved.add(entry);
                }
                done++;
                if (System.nanoTime() - flushed > FLUSH_NANOS || done == wanted) {
                    listener.decoded(before + done, entries.length);
                    save(unsaved, pixels);
                    flushed = System.nanoTime();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while decoding", e);
        } finally {
            save(unsaved, pixels);
        }
    }

    private static CacheEntry entryOf(Done result) throws IOException {
        Throwable failure = result.failure();
        if (failure instanceof IOException e) {
            throw e;
        } else if (failure instanceof Error e) {
            throw e;
        } else if (failure instanceof RuntimeException e) {
            throw e;
        }
        return result.entry();
    }

    private void save(List<CacheEntry> unsaved, FileChannel pixels) throws IOException {
        if (!unsaved.isEmpty()) {
            pixels.force(false);
            index.append(unsaved);
            unsaved.clear();
        }
    }

    private static void join(List<Thread> workers) {
        boolean interrupted = false;
        for (Thread worker : workers) {
            while (worker.isAlive()) {
                try {
                    worker.join();
                } catch (InterruptedException e) {
                    interrupted = true;     // a worker still writes to the file: it is waited for all the same
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void work(List<Integer> missing, FileChannel pixels) {
        try {
            for (int i = next.getAndIncrement(); i < missing.size() && !stopped; i = next.getAndIncrement()) {
                results.add(decode(missing.get(i), pixels));
            }
        } catch (IOException | RuntimeException | Error e) {
            results.add(new Done(null, false, e));
        }
    }

    /**
     * What a picture needs is known when its file was read: it is decoded at once where a fair share of the heap is enough, and else
     * begun again with all that it needs, so that no two wait for each other with half of theirs.
     */
    private Done decode(int picture, FileChannel pixels) throws IOException {
        FolderListing.Entry entry = listing.entries().get(picture);
        long need = Math.max(mebibytes(Math.min(entry.bytes(), PictureFile.MOST_BYTES)), budget / Runtime.getRuntime().availableProcessors());
        try {
            while (need <= budget) {
                int held = (int) need;
                heap.acquireUninterruptibly(held);
                try {
                    byte[] file = PictureFile.bytes(listing.root().resolve(entry.path()));
                    PictureFile source = PictureFile.parse(entry.path(), file);
                    long whole = mebibytes(file.length + (long) source.height() * source.width() * BYTES_A_PIXEL);
                    if (whole <= need) {
                        return decode(picture, source, pixels);
                    }
                    need = whole;
                } finally {
                    heap.release(held);
                }
            }
        } catch (PictureException e) {
            CacheEntry broken = CacheEntry.broken(picture, channels, e.reason());
            return e.isUnread() ? Done.forThisRun(broken) : Done.kept(broken);
        }
        return Done.forThisRun(CacheEntry.broken(picture, channels, "is too large for this heap: takes up to " + need + " MiB of the " + budget
                + " that are for pictures (half of it): give Java a larger one, as with JDK_JAVA_OPTIONS=-Xmx8g"));
    }

    private static long mebibytes(long bytes) {
        return 1 + (bytes >> 20);
    }

    private Done decode(int picture, PictureFile source, FileChannel pixels) throws IOException {
        Decoded decoded = source.decode();
        byte[] square = decoded.picture().withChannels(channels).square(size).pixels();
        write(pixels, (long) picture * square.length, ByteBuffer.wrap(square));
        PixelSums sums = new PixelSums(channels);
        sums.add(square);
        int checksum = CachePixels.checksum(ByteBuffer.wrap(square));
        return Done.kept(new CacheEntry(picture, false, checksum, sums.sums(), sums.squares(), remark(decoded)));
    }

    private static void write(FileChannel pixels, long position, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            position += pixels.write(bytes, position);
        }
    }

    /** What was done to a picture beyond resampling. */
    private String remark(Decoded decoded) {
        List<String> remarks = new ArrayList<>(decoded.conversions());
        Picture picture = decoded.picture();
        int shorter = Math.min(picture.height(), picture.width());
        int longer = Math.max(picture.height(), picture.width());
        if (shorter < SMALL_SIDE) {
            remarks.add(picture.width() + "x" + picture.height() + " pixels enlarged");
        }
        if (longer > LONG_TIMES * shorter) {
            remarks.add(picture.width() + "x" + picture.height() + " pixels cut to the middle square");
        }
        return String.join(", ", remarks);
    }
}
