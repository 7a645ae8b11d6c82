package separable.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.spec.DType;
import separable.spec.Shape;
import separable.testing.HostTensor;
import separable.testing.Poisoned;

/** A small data set of random pictures, and batches made from it on the device. */
record StoredPictures(int height, int width, int channels, byte[] images, int[] labels, int[] order) {

    static final int SAMPLES = 23;
    static final long SEED = 99;
    static final long STEP = 7;

    /** @param targets all planes; of no row more than the op said @param views empty where crop and flips are all */
    record Batch(HostTensor x, int[] targets, List<SampleView> views) {
    }

    static StoredPictures random(int height, int width, int channels) {
        Random random = new Random(4);
        byte[] images = new byte[SAMPLES * height * width * channels];
        int[] labels = random.ints(SAMPLES).toArray();
        random.nextBytes(images);
        return new StoredPictures(height, width, channels, images, labels, random.ints(SAMPLES, 0, SAMPLES).toArray());
    }

    /** The samples at places from {@code position} on, as a ring of {@code rows} holds them; any others are black. */
    StoredPictures inRing(int rows, int position, int count) {
        int bytes = height * width * channels;
        byte[] ring = new byte[rows * bytes];
        for (int place = position; place < position + count; place++) {
            System.arraycopy(images, order[place] * bytes, ring, place % rows * bytes, bytes);
        }
        return new StoredPictures(height, width, channels, ring, labels, order);
    }

    double pixel(int sample, int y, int x, int k) {
        return images[((sample * height + y) * width + x) * channels + k] & 0xff;
    }

    /** Bilinear at pixel position (y, x), which is the point less 1/2, with the edge's value beyond the outermost centres. */
    double bilinear(int sample, double y, double x, int k) {
        double sy = Math.min(Math.max(y, 0), height - 1);
        double sx = Math.min(Math.max(x, 0), width - 1);
        double sum = 0;
        for (int iy = (int) sy; iy <= Math.min((int) sy + 1, height - 1); iy++) {
            for (int ix = (int) sx; ix <= Math.min((int) sx + 1, width - 1); ix++) {
                sum += Math.max(0, 1 - Math.abs(sy - iy)) * Math.max(0, 1 - Math.abs(sx - ix)) * pixel(sample, iy, ix, k);
            }
        }
        return sum;
    }

    /** A batch of this set with usual means and deviations, from a ring when {@code ringRows} is not 0. */
    BatchSpec spec(Shape output, int ringRows, float centre) {
        return new BatchSpec(height, width, ringRows, output, List.of(0.5f, 0.4f, 0.3f, 0.2f).subList(0, channels),
                List.of(0.5f, 0.25f, 0.2f, 1f).subList(0, channels), centre);
    }

    Batch gather(Device device, Stream stream, BatchSpec spec, Augmentation augmentation, DType type, int position, int count) {
        return gather(device, stream, spec, augmentation, type, position, count, STEP);
    }

    Batch gather(Device device, Stream stream, BatchSpec spec, Augmentation augmentation, DType type, int position, int count, long step) {
        try (BatchGather op = new BatchGather(device, spec, augmentation, type);
             DeviceBuffer images = device.allocate(this.images.length, "images");
             DeviceBuffer labels = device.allocate(SAMPLES * 4L, "labels");
             DeviceBuffer order = device.allocate(SAMPLES * 4L, "order");
             DeviceBuffer workspace = Poisoned.buffer(device, Math.max(16, op.workspaceBytes()));
             DeviceBuffer x = Poisoned.buffer(device, spec.output(), type);
             DeviceBuffer targets = Poisoned.buffer(device, op.targetBytes());
             StepState state = new StepState(device)) {
            images.write(this.images);
            labels.write(this.labels);
            order.write(this.order);
            state.write(new StepState.Values(SEED, step, position, count, 0, position + count, 0.1f, spec.output().n()));
            op.run(images.pointer(), labels.pointer(), order.pointer(), state.pointer(), x.pointer(), targets.pointer(), workspace.pointer(),
                    stream.handle());
            return new Batch(HostTensor.download(x, spec.output(), type), targets.readInts(0, (int) op.targetBytes() / 4),
                    views(workspace, op.workspaceBytes() == 0 ? 0 : spec.output().n()));
        }
    }

    private static List<SampleView> views(DeviceBuffer workspace, int rows) {
        ByteBuffer bytes = ByteBuffer.wrap(workspace.readBytes(0, (int) workspace.bytes())).order(ByteOrder.nativeOrder());
        return IntStream.range(0, rows).mapToObj(row -> SampleView.read(bytes)).collect(ArrayList::new, List::add, List::addAll);
    }
}
