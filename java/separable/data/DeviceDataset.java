package separable.data;

import java.util.List;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;

/** A data set that lies on the device for as long as a run lasts: batches are gathered from it there. */
public final class DeviceDataset implements AutoCloseable {

    private final Dataset dataset;
    private final DeviceBuffer images;
    private final DeviceBuffer labels;

    /** Copies {@code dataset} to the device. @throws separable.device.DeviceException when the device lacks the memory */
    public DeviceDataset(Device device, Dataset dataset) {
        this.dataset = dataset;
        images = device.allocate(dataset.images().length, dataset.name() + " pictures");
        try {
            labels = device.allocate(dataset.labels().length, dataset.name() + " labels");
        } catch (RuntimeException failure) {
            images.close();
            throw failure;
        }
        images.write(dataset.images());
        labels.write(dataset.labels());
    }

    /** What was copied. */
    public Dataset dataset() {
        return dataset;
    }

    /** u8 {@code [count, height, width, channels]} */
    public DeviceBuffer images() {
        return images;
    }

    /** u8 {@code [count]} */
    public DeviceBuffer labels() {
        return labels;
    }

    @Override
    public void close() {
        Closing.all(List.of(images, labels));
    }
}
