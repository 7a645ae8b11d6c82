package separable.train;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;
import separable.data.Dataset;
import separable.data.Reading;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.kernel.Augmentation;
import separable.kernel.BatchGather;
import separable.kernel.StepState;
import separable.picture.Picture;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * Some pictures of a training set as a network would see them, made by the kernels that make its batches: what is drawn for a picture
 * in a step is what a run with the same recipe draws for it in that step. Mixing, which in a run takes the next picture of a batch,
 * takes the next one of these.
 */
public final class AugmentedBatch implements AutoCloseable {

    private static final DType TYPE = DType.F32;

    /** What a picture became. @param share of {@code label}; the rest is {@code other}'s, the same label where nothing is mixed */
    public record Sample(Picture picture, int label, int other, float share) {
    }

    private final Owned owned = new Owned();
    private final Recipe recipe;
    private final Shape shape;
    private final Stream stream;
    private final StepState state;
    private final DeviceBuffer pictures;
    private final DeviceBuffer labels;
    private final DeviceBuffer order;
    private final DeviceBuffer x;
    private final DeviceBuffer targets;
    private final DeviceBuffer workspace;
    private final BatchGather drawing;
    private final BatchGather plain;

    /**
     * @param samples indices of pictures in {@code dataset}, of 1 or 3 channels
     * @param side    of the pictures that the network takes
     * @throws separable.device.DeviceException when the device lacks the memory
     */
    public AugmentedBatch(Device device, Dataset dataset, int[] samples, int side, Recipe recipe) {
        this.recipe = recipe;
        this.shape = new Shape(samples.length, side, side, dataset.channels());
        InputConfig input = recipe.input();
        try {
            stream = owned.keep(device.newStream());
            state = owned.keep(new StepState(device));
            // A ring that holds just these, so that they keep their indices.
            pictures = owned.keep(device.allocate((long) samples.length * dataset.imageBytes(), "sample pictures"));
            pictures.write(read(dataset, samples));
            labels = owned.keep(device.allocate((long) dataset.count() * Integer.BYTES, "labels"));
            labels.write(Reading.labels(dataset));
            order = owned.keep(device.allocate((long) samples.length * Integer.BYTES, "order of sample pictures"));
            order.write(samples);
            x = owned.keep(device.allocate(shape.bytes(TYPE), "sample batch"));
            drawing = owned.keep(new BatchGather(device, input.batch(dataset, samples.length, shape), input.augment().drawn(), TYPE));
            plain = owned.keep(new BatchGather(device, input.batch(dataset, samples.length, shape), Augmentation.NONE, TYPE));
            targets = owned.keep(device.allocate(drawing.targetBytes(), "sample targets"));
            workspace = owned.keep(device.allocate(Math.max(1, drawing.workspaceBytes()), "sample draws"));
            // Copies from pageable memory may still be on their way, and the stream does not wait for them.
            device.synchronize();
        } catch (RuntimeException failure) {
            throw owned.closedAfter(failure);
        }
    }

    private static byte[] read(Dataset dataset, int[] samples) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(samples.length, dataset.imageBytes()));
        for (int sample : samples) {
            Reading.picture(dataset, sample, bytes);
        }
        return bytes.array();
    }

    /** The pictures as an evaluation sees them. Waits for the device. */
    public List<Sample> evaluated() {
        return make(plain, 0, false);
    }

    /** The pictures as training step {@code step} draws them, 0 the first. Waits for the device. */
    public List<Sample> drawn(long step) {
        return make(drawing, step, recipe.input().augment().drawn().mixes());
    }

    private List<Sample> make(BatchGather gather, long step, boolean mixed) {
        int rows = shape.n();
        state.write(StepState.Values.epoch(recipe.seed(), step, rows, 0, rows));
        gather.run(pictures.pointer(), labels.pointer(), order.pointer(), state.pointer(), x.pointer(), targets.pointer(), workspace.pointer(),
                stream.handle());
        stream.synchronize();
        List<Picture> seen = SamplePictures.of(values(), shape, recipe.input());
        int[] target = targets.readInts(0, rows * (mixed ? 3 : 1));
        return IntStream.range(0, rows).mapToObj(row -> mixed
                ? new Sample(seen.get(row), target[row], target[rows + row], Float.intBitsToFloat(target[2 * rows + row]))
                : new Sample(seen.get(row), target[row], target[row], 1)).toList();
    }

    /** The batch without the channels that storage adds. */
    private float[] values() {
        int stride = shape.channelStride();
        float[] stored = x.readFloats(0, shape.rows() * stride);
        float[] values = new float[shape.rows() * shape.c()];
        for (int at = 0; at < values.length; at++) {
            values[at] = stored[at / shape.c() * stride + at % shape.c()];
        }
        return values;
    }

    @Override
    public void close() {
        owned.close();
    }
}
