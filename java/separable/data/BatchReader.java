package separable.data;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Reads the pictures of one batch after the other into a few batches of host memory, ahead of who takes them, on threads of its own.
 * All threads work on one batch, a few pictures at a time, so that it is there early and little memory is needed.
 *
 * <p>The n-th batch of a pass lies in slot {@code n % slots}. It is taken, and given back when its memory may be written again.
 */
final class BatchReader implements AutoCloseable {

    private static final int PICTURES_A_CLAIM = 8;

    private final Dataset dataset;
    private final int batch;
    private final int slots;
    private final List<Thread> threads = new ArrayList<>();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // All below is guarded by the lock.
    private int[] order = {};
    private int first;
    private int end;
    /** The first place that nobody has begun to read. */
    private int claimed;
    /** By slot: pictures of its batch that have not been read yet. */
    private final int[] unread;
    private int taken;
    private int givenBack;
    private int reading;
    private long pictures;
    private long busySince;
    private long busyNanos;
    private Throwable failure;
    private boolean closed;

    /** @param memory the slots, each with room for {@code batch} pictures; not to be freed before {@link #close} has returned */
    BatchReader(Dataset dataset, List<ByteBuffer> memory, int batch, int threadCount) {
        this.dataset = dataset;
        this.batch = batch;
        this.slots = memory.size();
        this.unread = new int[slots];
        for (int i = 1; i <= threadCount; i++) {
            Thread thread = new Thread(new Worker(memory), "separable reader " + i + " of " + dataset.name());
            thread.setDaemon(true);
            threads.add(thread);
            thread.start();
        }
    }

    /** Reads pictures until there is nothing more to do. */
    private final class Worker implements Runnable {
        private final List<ByteBuffer> memory;
        private int from;
        private int count;
        private int slot;
        private int row;

        Worker(List<ByteBuffer> memory) {
            this.memory = memory.stream().map(ByteBuffer::duplicate).toList();
        }

        @Override
        public void run() {
            while (claim(this)) {
                Throwable thrown = null;
                try {
                    for (int i = 0; i < count; i++) {
                        read(order[from + i], row + i);
                    }
                } catch (RuntimeException | Error e) {
                    thrown = e;
                }
                finished(this, thrown);
            }
        }

        private void read(int picture, int place) {
            Reading.picture(dataset, picture, memory.get(slot).clear().position(place * dataset.imageBytes()));
        }
    }

    /** Gives {@code worker} the next pictures. @return false at the end of everything */
    private boolean claim(Worker worker) {
        lock.lock();
        try {
            while (!closed && !claimable()) {
                changed.awaitUninterruptibly();
            }
            if (closed) {
                return false;
            }
            int number = (claimed - first) / batch;
            worker.row = (claimed - first) % batch;
            int left = Math.min(batch - worker.row, end - claimed);
            worker.slot = number % slots;
            worker.from = claimed;
            worker.count = Math.min(PICTURES_A_CLAIM, left);
            if (worker.row == 0) {
                unread[worker.slot] = left;
            }
            claimed += worker.count;
            if (reading++ == 0) {
                busySince = System.nanoTime();
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    private boolean claimable() {
        return failure == null && claimed < end && (claimed - first) / batch < givenBack + slots;
    }

    private void finished(Worker worker, Throwable thrown) {
        lock.lock();
        try {
            if (--reading == 0) {
                busyNanos += System.nanoTime() - busySince;
            }
            if (thrown == null) {
                pictures += worker.count;
                unread[worker.slot] -= worker.count;
            } else if (failure == null) {
                failure = thrown;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Begins anew: what was read ahead is dropped, and every slot is free. */
    void begin(int[] newOrder, int newFirst, int newEnd) {
        lock.lock();
        try {
            end = claimed;
            while (reading > 0) {
                changed.awaitUninterruptibly();
            }
            order = newOrder;
            first = newFirst;
            claimed = newFirst;
            end = newEnd;
            taken = 0;
            givenBack = 0;
            pictures = 0;
            busyNanos = 0;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until the next batch is there, or {@code nanos} have passed.
     *
     * @return whether it is there
     * @throws RuntimeException or Error, as a reading thread threw it
     */
    boolean await(long nanos) {
        lock.lock();
        try {
            for (long left = nanos; !nextIsThere(); left = changed.awaitNanos(left)) {
                requireNoFailure();
                if (left <= 0) {
                    return false;
                }
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DataException(dataset.name() + ": the thread was interrupted while it waited for pictures", e);
        } finally {
            lock.unlock();
        }
    }

    private boolean nextIsThere() {
        return left() > 0 && claimed > first + taken * batch && unread[taken % slots] == 0;
    }

    /** Places of this pass from the next batch on. */
    private int left() {
        return end - first - taken * batch;
    }

    private void requireNoFailure() {
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure != null) {
            throw (RuntimeException) failure;
        }
    }

    /** Whether all batches of this pass were taken. */
    boolean isAtEnd() {
        lock.lock();
        try {
            return left() <= 0;
        } finally {
            lock.unlock();
        }
    }

    /** Takes the next batch, which is there. @return its pictures */
    int take() {
        lock.lock();
        try {
            int count = Math.min(batch, left());
            taken++;
            return count;
        } finally {
            lock.unlock();
        }
    }

    /** The memory of the oldest batch that was taken may be written again. */
    void giveBack() {
        lock.lock();
        try {
            givenBack++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Pictures read in this pass by the seconds in which any thread was reading; 0 before the first. */
    double picturesPerSecond() {
        lock.lock();
        try {
            long busy = busyNanos + (reading > 0 ? System.nanoTime() - busySince : 0);
            return pictures == 0 ? 0 : pictures / (busy * 1e-9);
        } finally {
            lock.unlock();
        }
    }

    /** Ends the threads, which finish what they read at the moment. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
