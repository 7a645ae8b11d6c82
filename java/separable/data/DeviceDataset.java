package separable.data;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;

/** A data set that lies on the device for as long as a run lasts: batches are gathered from it there. */
public final class DeviceDataset implements BatchSource {

    private static final int COPY_BYTES = 1 << 24;

    private final Dataset dataset;
    private final DeviceBuffer images;
    private final DeviceBuffer labels;

    /**
     * Copies {@code dataset} to the device.
     *
     * @throws separable.device.DeviceException when the device lacks the memory
     * @throws DataException when a picture cannot be read, or {@code dataset} does not keep to what {@link Dataset} says
     */
    public DeviceDataset(Device device, Dataset dataset) {
        this.dataset = dataset;
        int[] classes = Reading.labels(dataset);
        List<DeviceBuffer> made = new ArrayList<>();
        try {
            images = device.allocate(dataset.bytes(), dataset.name() + " pictures");
            made.add(images);
            labels = device.allocate((long) dataset.count() * Integer.BYTES, dataset.name() + " labels");
            made.add(labels);
            writeImages();
            labels.write(classes);
        } catch (RuntimeException failure) {
            throw Closing.after(failure, made);
        }
    }

    /** A part at a time, so that a set of many gigabytes never lies whole on the heap. */
    private void writeImages() {
        int imageBytes = dataset.imageBytes();
        int together = Math.max(1, COPY_BYTES / imageBytes);
        for (int first = 0; first < dataset.count(); first += together) {
            byte[] part = new byte[Math.min(together, dataset.count() - first) * imageBytes];
            ByteBuffer to = ByteBuffer.wrap(part);
            for (int picture = first; to.hasRemaining(); picture++) {
                Reading.picture(dataset, picture, to);
            }
            images.write((long) first * imageBytes, part);
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
        return 0;
    }

    @Override
    public void begin(int[] order, int first, int end) { }

    @Override
    public void supply(Stream steps) { }

    @Override
    public void taken(Stream steps) { }

    @Override
    public double picturesPerSecond() {
        return 0;
    }

    @Override
    public double waitedSeconds() {
        return 0;
    }

    @Override
    public String describe() {
        return dataset.name() + ": " + images.bytes() + " bytes of pictures on the device";
    }

    @Override
    public void close() {
        Closing.all(List.of(images, labels));
    }
}
