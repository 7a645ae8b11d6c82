package separable.train;

import jcuda.driver.CUdeviceptr;
import separable.data.DeviceDataset;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.kernel.BatchGather;
import separable.kernel.StepState;
import separable.spec.DType;
import separable.spec.Shape;

/** Puts one batch after the other of a resident data set into a plan's input, in an order given for each epoch. */
final class BatchFeed implements AutoCloseable {

    private final DeviceDataset data;
    private final DeviceBuffer order;
    private final BatchGather gather;

    /** @param augment whether pictures are cropped and flipped as {@code treatment} says, or left as they are */
    BatchFeed(Device device, DeviceDataset data, Shape batch, DType type, InputConfig treatment, boolean augment) {
        this.data = data;
        this.gather = new BatchGather(device, data.dataset().height(), data.dataset().width(), batch, type,
                InputConfig.array(treatment.mean()), InputConfig.array(treatment.deviation()),
                augment ? treatment.augment().crop() : 0, augment && treatment.augment().flip(), 0);
        this.order = device.allocate((long) data.dataset().count() * Integer.BYTES, "order of " + data.dataset().name());
    }

    /** Sets the order of the pictures from the next step on. Nothing may be under way. */
    void setOrder(int[] pictures) {
        order.write(pictures);
    }

    /** Enqueues the batch that {@code state} points at. */
    void enqueue(StepState state, CUdeviceptr input, CUdeviceptr labels, Stream stream) {
        gather.run(data.images().pointer(), data.labels().pointer(), order.pointer(), state.pointer(), input, labels, stream.handle());
    }

    @Override
    public void close() {
        order.close();
    }
}
