package separable.train;

import java.util.Optional;
import jcuda.driver.CUdeviceptr;
import separable.data.BatchSource;
import separable.data.Dataset;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Range;
import separable.device.Stream;
import separable.kernel.Augmentation;
import separable.kernel.BatchGather;
import separable.kernel.StepState;
import separable.spec.DType;
import separable.spec.Shape;

/** Puts one batch of a data set after the other into a plan's input, in an order given for each pass. */
final class BatchFeed implements AutoCloseable {

    private final Owned owned = new Owned();
    private final BatchSource data;
    private final DeviceBuffer order;
    private final BatchGather gather;
    /** Null where the gathering needs none. */
    private final CUdeviceptr workspace;

    /**
     * Puts the data on the device, or what streams it.
     *
     * @param together batches of a step
     * @param augment  whether pictures are varied as {@code treatment} says, or left as they are
     * @param places   pictures of a pass at most
     */
    BatchFeed(Device device, Dataset dataset, Shape batch, int together, DType type, InputConfig treatment, boolean augment, int places) {
        try {
            data = owned.keep(BatchSource.of(device, dataset, batch.n(), together, treatment.stream()));
            gather = owned.keep(new BatchGather(device, treatment.batch(dataset, data.ringRows(), batch),
                    augment ? treatment.augment().drawn() : Augmentation.NONE, type));
            order = owned.keep(device.allocate((long) places * Integer.BYTES, "order of " + dataset.name()));
            workspace = gather.workspaceBytes() == 0 ? null
                    : owned.keep(device.allocate(gather.workspaceBytes(), "augmentation of " + dataset.name())).pointer();
        } catch (RuntimeException failure) {
            throw owned.closedAfter(failure);
        }
    }

    /**
     * Begins a pass over places {@code first} to {@code end - 1} of {@code pictures}. Nothing may be under way.
     *
     * @param pictures by index; not to be changed while the pass lasts
     * @param first    a multiple of the batch
     */
    void begin(int[] pictures, int first, int end) {
        order.write(pictures);
        data.begin(pictures, first, end);
    }

    /** Before a step is enqueued: lets the stream wait for the step's pictures. */
    void supply(Stream stream) {
        Range.begin("data");
        try {
            data.supply(stream);
        } finally {
            Range.end();
        }
    }

    /** After a step was enqueued. */
    void taken(Stream stream) {
        data.taken(stream);
    }

    /** Enqueues the batch that {@code state} points at. @param targets as {@link BatchGather#run} writes them */
    void enqueue(StepState state, CUdeviceptr input, CUdeviceptr targets, Stream stream) {
        Range.begin("data");
        try {
            gather.run(data.images().pointer(), data.labels().pointer(), order.pointer(), state.pointer(), input, targets, workspace,
                    stream.handle());
        } finally {
            Range.end();
        }
    }

    /** How the reading of this pass keeps up after {@code seconds} of it; empty when the data lies on the device. */
    Optional<InputRate> rate(double seconds) {
        if (data.ringRows() == 0) {
            return Optional.empty();
        }
        return Optional.of(new InputRate(data.picturesPerSecond(), Math.min(1, data.waitedSeconds() / seconds)));
    }

    /** In one line, for people: where the pictures lie. */
    String describe() {
        return data.describe();
    }

    @Override
    public void close() {
        owned.close();
    }
}
