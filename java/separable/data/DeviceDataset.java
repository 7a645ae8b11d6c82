package separable.data;

import java.util.ArrayList;
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
        List<DeviceBuffer> made = new ArrayList<>();
        try {
            images = device.allocate(dataset.images().length, dataset.name() + " pictures");
            made.add(images);
            labels = device.allocate(dataset.labels().length, dataset.name() + " labels");
            made.add(labels);
            images.write(dataset.images());
            labels.write(dataset.labels());
        } catch (RuntimeException failure) {
            throw Closing.after(failure, made);
        }
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
