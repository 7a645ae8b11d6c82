package separable.data;

import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;

/**
 * Where a gather kernel finds the pictures of one batch after the other: a whole set on the device, or a ring of batches that is filled
 * from the host ahead of the steps. What steps compute is the same either way, bit for bit.
 *
 * <p>A pass is {@link #begin}, then {@link #supply} and {@link #taken} around everything that is enqueued for a step. Belongs to one
 * thread, on which the device must be current.
 */
public interface BatchSource extends AutoCloseable {

    /** The largest share of the device's free memory that a set takes to lie there whole. */
    double RESIDENT_SHARE = 0.5;

    /**
     * Puts {@code dataset} on the device when it takes up to {@link #RESIDENT_SHARE} of what is free there, else streams it.
     *
     * @param batch    pictures of a batch
     * @param together batches of a step
     * @param stream   to stream it even where it would fit
     * @throws separable.device.DeviceException when device or host lack the memory
     * @throws DataException when a label is none of {@code dataset}'s classes, or a picture that is read now is not whole
     */
    static BatchSource of(Device device, Dataset dataset, int batch, int together, boolean stream) {
        return stream || dataset.bytes() > RESIDENT_SHARE * device.freeMemory() ? new StreamedDataset(device, dataset, batch, together)
                : new DeviceDataset(device, dataset);
    }

    /** What is read. */
    Dataset dataset();

    /** u8 {@code [count, height, width, channels]} by picture, or {@code [ringRows, height, width, channels]} by place in the order */
    DeviceBuffer images();

    /** int32 {@code [count]}, by picture */
    DeviceBuffer labels();

    /** Rows of the ring: the picture at place p of the order lies in row {@code p % ringRows}. 0 for a whole set. */
    int ringRows();

    /**
     * Begins a pass over places {@code first} to {@code end - 1} of {@code order}. Nothing may be under way.
     *
     * @param order pictures by index; not changed until the next call
     * @param first a multiple of the batch
     */
    void begin(int[] order, int first, int end);

    /**
     * To be called before a step is enqueued on {@code steps}: lets the stream wait for the step's pictures, and the host for those
     * that have not been read yet.
     *
     * @throws RuntimeException or Error, as it was thrown where the pictures are read
     */
    void supply(Stream steps);

    /** To be called after a step was enqueued on {@code steps}: its pictures may be overwritten when the stream has got there. */
    void taken(Stream steps);

    /** Pictures a second that could be read in this pass if nothing held the readers up; 0 where none were read. */
    double picturesPerSecond();

    /** Seconds of this pass that steps waited on the device for their pictures, as far as those have arrived. */
    double waitedSeconds();

    /** In one line, for people: where the pictures lie, and how many bytes they take there. */
    String describe();

    @Override
    void close();
}
