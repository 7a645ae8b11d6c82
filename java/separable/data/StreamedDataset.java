package separable.data;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Event;
import separable.device.PinnedBuffer;
import separable.device.Stream;

/**
 * A data set that stays on the host. Threads read its pictures ahead of the steps into batches of pinned memory; a stream of its own
 * copies those into a ring of batches on the device while steps run. Events order copies and steps, and the host waits for nothing but
 * pictures that have not been read yet. Labels lie on the device whole.
 */
public final class StreamedDataset implements BatchSource {

    /** Batches of pinned memory: one on its way to the device, one read, one being read. */
    private static final int HOST_BATCHES = 3;

    /** Batches of the ring beside those of the step that runs: the next step's may arrive meanwhile. */
    private static final int BATCHES_AHEAD = 2;

    private static final int MOST_THREADS = 16;

    /** How often a host that waits for pictures looks for memory that was copied from. */
    private static final long LOOK_NANOS = 200_000;

    private final List<AutoCloseable> owned = new ArrayList<>();
    private final Dataset dataset;
    private final int batch;
    private final int together;
    private final int ringBatches;
    private final DeviceBuffer images;
    private final DeviceBuffer labels;
    private final Stream copies;
    private final List<PinnedBuffer> host;
    /** By batch of pinned memory: behind its copy. */
    private final List<Event> copied;
    /** Behind steps, by the batches they read; of so many that none is recorded anew before it was looked at. */
    private final List<Event> used;
    private final BatchReader reader;
    private int firstBatch;
    private int sent;
    private int arrived;
    private int done;
    private double waitedSeconds;

    /**
     * @param batch    pictures of a batch
     * @param together batches of a step
     * @throws separable.device.DeviceException when device or host lack the memory
     */
    public StreamedDataset(Device device, Dataset dataset, int batch, int together) {
        this.dataset = dataset;
        this.batch = batch;
        this.together = together;
        this.ringBatches = together + BATCHES_AHEAD;
        try {
            labels = keep(device.allocate((long) dataset.count() * Integer.BYTES, dataset.name() + " labels"));
            labels.write(dataset.labels());
            images = keep(device.allocate(ringBatches * batchBytes(), "ring of " + dataset.name() + " pictures"));
            host = IntStream.range(0, HOST_BATCHES).mapToObj(i -> keep(device.allocatePinned(batchBytes(), "batch of " + dataset.name()))).toList();
            copied = IntStream.range(0, HOST_BATCHES).mapToObj(i -> keep(device.newEvent())).toList();
            used = IntStream.range(0, ringBatches + HOST_BATCHES + together + 1).mapToObj(i -> keep(device.newEvent())).toList();
            copies = keep(device.newStream());
            // Pinned memory must outlive the copies from it.
            owned.add(copies::synchronize);
            int threads = Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors());
            reader = keep(new BatchReader(dataset, host.stream().map(PinnedBuffer::bytes).toList(), batch, threads));
        } catch (RuntimeException failure) {
            throw Closing.after(failure, owned);
        }
    }

    private <T extends AutoCloseable> T keep(T thing) {
        owned.add(thing);
        return thing;
    }

    private long batchBytes() {
        return (long) batch * dataset.imageBytes();
    }

    @Override
    public void begin(int[] order, int first, int end) {
        if (first % batch != 0) {
            throw new IllegalArgumentException("a pass from place " + first + " on: must begin with a batch of " + batch);
        }
        reader.begin(order, first, end);
        firstBatch = first / batch;
        sent = 0;
        arrived = 0;
        done = 0;
        waitedSeconds = 0;
    }

    @Override
    public void supply(Stream steps) {
        if (sent == 0) {
            // The pass waits from here on for its first pictures.
            steps.record(used(-1));
        }
        for (int i = 0; i < together && !reader.isAtEnd(); i++) {
            while (!reader.await(LOOK_NANOS)) {
                giveBackCopied();
            }
            giveBackCopied();
            send();
        }
        steps.waitFor(copied.get((sent - 1) % HOST_BATCHES));
    }

    /** Enqueues the copy of the next batch, behind the step that last read its place in the ring. */
    private void send() {
        int slot = sent % HOST_BATCHES;
        if (sent >= ringBatches) {
            copies.waitFor(used(sent - ringBatches));
        }
        long place = (firstBatch + sent) % ringBatches;
        images.writeAsync(place * batchBytes(), host.get(slot), 0, (long) reader.take() * dataset.imageBytes(), copies);
        copies.record(copied.get(slot));
        sent++;
    }

    @Override
    public void taken(Stream steps) {
        for (; done < sent; done++) {
            steps.record(used(done));
        }
    }

    /** The event behind the step that reads batch {@code number} of the pass; of -1: behind what was before the first. */
    private Event used(int number) {
        return used.get((number + 1) % used.size());
    }

    /** Gives the memory of batches that have arrived on the device back to the readers. */
    private void giveBackCopied() {
        while (arrived < sent && copied.get(arrived % HOST_BATCHES).isDone()) {
            noteArrival(arrived);
            arrived++;
            reader.giveBack();
        }
    }

    /** A step waits from the end of the one before it until the last of its own batches is there. */
    private void noteArrival(int number) {
        Event before = used(number - number % together - 1);
        if ((number + 1) % together == 0 && before.isDone()) {
            waitedSeconds += Math.max(0, 1e-3 * copied.get(number % HOST_BATCHES).millisecondsSince(before));
        }
    }

    @Override
    public Dataset dataset() {
        return dataset;
    }

    @Override
    public DeviceBuffer images() {
        return images;
    }

    @Override
    public DeviceBuffer labels() {
        return labels;
    }

    @Override
    public int ringRows() {
        return ringBatches * batch;
    }

    @Override
    public double picturesPerSecond() {
        return reader.picturesPerSecond();
    }

    @Override
    public double waitedSeconds() {
        giveBackCopied();
        return waitedSeconds;
    }

    @Override
    public String describe() {
        return dataset.name() + ": " + dataset.bytes() + " bytes of pictures streamed through a ring of " + ringBatches + " batches ("
                + images.bytes() + " bytes)";
    }

    /** Ends the reading threads, waits for copies under way and frees the memory. */
    @Override
    public void close() {
        Closing.all(owned);
    }
}
