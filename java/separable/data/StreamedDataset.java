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
    /** By batch of the ring: behind the step that reads it. */
    private final List<Event> used;
    /** Before steps, where they begin to wait for their pictures. No more steps have batches on the way. */
    private final List<Event> asked;
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
     * @throws DataException when a label is none of {@code dataset}'s classes
     */
    public StreamedDataset(Device device, Dataset dataset, int batch, int together) {
        this.dataset = dataset;
        this.batch = batch;
        this.together = together;
        this.ringBatches = together + BATCHES_AHEAD;
        int[] classes = Reading.labels(dataset);
        try {
            labels = keep(device.allocate((long) dataset.count() * Integer.BYTES, dataset.name() + " labels"));
            labels.write(classes);
            images = keep(device.allocate(ringBatches * batchBytes(), "ring of " + dataset.name() + " pictures"));
            host = IntStream.range(0, HOST_BATCHES).mapToObj(i -> keep(device.allocatePinned(batchBytes(), "batch of " + dataset.name()))).toList();
            copied = keepEvents(device, HOST_BATCHES);
            used = keepEvents(device, ringBatches);
            asked = keepEvents(device, HOST_BATCHES + 1);
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

    private List<Event> keepEvents(Device device, int count) {
        return IntStream.range(0, count).mapToObj(i -> keep(device.newEvent())).toList();
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
        if (reader.isAtEnd()) {
            throw new IllegalStateException(dataset.name() + ": every batch of the pass was supplied: begin another");
        }
        steps.record(asked(sent / together));
        for (int i = 0; i < together && !reader.isAtEnd(); i++) {
            while (!reader.await(LOOK_NANOS)) {
                giveBackCopied();
            }
            giveBackCopied();
            send();
        }
        steps.waitFor(copied(sent - 1));
    }

    /** Enqueues the copy of the next batch, behind the step that last read its place in the ring. */
    private void send() {
        copies.waitFor(used(sent));
        images.writeAsync((long) place(sent) * batchBytes(), host.get(sent % HOST_BATCHES), 0, (long) reader.take() * dataset.imageBytes(), copies);
        copies.record(copied(sent));
        sent++;
    }

    @Override
    public void taken(Stream steps) {
        for (; done < sent; done++) {
            steps.record(used(done));
        }
    }

    /** Gives the memory of batches that have arrived on the device back to the readers. */
    private void giveBackCopied() {
        while (arrived < sent && copied(arrived).isDone()) {
            noteArrival(arrived);
            arrived++;
            reader.giveBack();
        }
    }

    /** A step waits from when its stream asks until the last of its batches is there; not at all if that was there before. */
    private void noteArrival(int number) {
        Event asking = asked(number / together);
        if ((number + 1) % together == 0 && asking.isDone()) {
            waitedSeconds += 1e-3 * Math.max(0, copied(number).millisecondsSince(asking));
        }
    }

    /** Where in the ring a batch of this pass lies, in batches. */
    private int place(int number) {
        return (firstBatch + number) % ringBatches;
    }

    private Event copied(int number) {
        return copied.get(number % HOST_BATCHES);
    }

    private Event used(int number) {
        return used.get(place(number));
    }

    private Event asked(int step) {
        return asked.get(step % asked.size());
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
