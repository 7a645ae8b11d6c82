package separable.train;

import jcuda.driver.CUdeviceptr;
import separable.data.DeviceDataset;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.kernel.Augmentation;
import separable.kernel.BatchGather;
import separable.kernel.BatchSpec;
import separable.kernel.StepState;
import separable.spec.DType;
import separable.spec.Shape;

/** Puts one batch after the other of a resident data set into a plan's input, in an order given for each epoch. */
final class BatchFeed implements AutoCloseable {

    private final Owned owned = new Owned();
    private final DeviceDataset data;
    private final DeviceBuffer order;
    private final BatchGather gather;
    /** Null where the gathering needs none. */
    private final CUdeviceptr workspace;

    /** @param augment whether pictures are varied as {@code treatment} says, or left as they are */
    BatchFeed(Device device, DeviceDataset data, Shape batch, DType type, InputConfig treatment, boolean augment) {
        this.data = data;
        BatchSpec spec = new BatchSpec(data.dataset().height(), data.dataset().width(), 0, batch, treatment.mean(), treatment.deviation(),
                treatment.centre());
        try {
            gather = owned.keep(new BatchGather(device, spec, augment ? treatment.augment().drawn() : Augmentation.NONE, type));
            order = owned.keep(device.allocate((long) data.dataset().count() * Integer.BYTES, "order of " + data.dataset().name()));
            workspace = gather.workspaceBytes() == 0 ? null
                    : owned.keep(device.allocate(gather.workspaceBytes(), "augmentation of " + data.dataset().name())).pointer();
        } catch (RuntimeException failure) {
            throw owned.closedAfter(failure);
        }
    }

    /** Sets the order of the pictures from the next step on. Nothing may be under way. */
    void setOrder(int[] pictures) {
        order.write(pictures);
    }

    /** Enqueues the batch that {@code state} points at. @param targets as {@link BatchGather#run} writes them */
    void enqueue(StepState state, CUdeviceptr input, CUdeviceptr targets, Stream stream) {
        gather.run(data.images().pointer(), data.labels().pointer(), order.pointer(), state.pointer(), input, targets, workspace, stream.handle());
    }

    @Override
    public void close() {
        owned.close();
    }
}
