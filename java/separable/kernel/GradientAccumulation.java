package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;

/**
 * The mean gradient of several batches, one after the other, over one flat buffer: {@link #begin} with the first batch's gradients,
 * {@link #add} with each further one's, {@link #finish} with the last one's. The order of the additions is that of the calls.
 */
public final class GradientAccumulation extends DeviceOp<GradientAccumulation.Launches> {

    record Launches(Launch begin, Launch add, Launch finish) {
    }

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param elements a multiple of 64
     * @param batches  at least 2
     */
    public GradientAccumulation(int elements, int batches) {
        super(Device.current(), device -> launches(device, elements, batches));
    }

    /**
     * @param elements a multiple of 64
     * @param batches  at least 2
     */
    public GradientAccumulation(Device device, int elements, int batches) {
        super(device.lend(), share -> launches(share, elements, batches));
    }

    private static Launches launches(Device device, int elements, int batches) {
        if (batches < 2) {
            throw new IllegalArgumentException("gradients of " + batches + " batches: at least 2 are needed for a sum");
        }
        Launch begin = FlatUpdate.overFlat(device, "gradients_add", elements);
        Launch add = FlatUpdate.overFlat(device, "gradients_add", elements);
        Launch finish = FlatUpdate.overFlat(device, "gradients_mean", elements);
        long bytes = (long) elements * Float.BYTES;
        int vectors = FlatUpdate.vectors(elements);
        return new Launches(begin.input("gradients", bytes).output("sum", bytes).i32(vectors).i32(1),
                add.input("gradients", bytes).output("sum", bytes).i32(vectors).i32(0),
                finish.output("gradients", bytes).input("sum", bytes).i32(vectors).f32(1f / batches));
    }

    /** {@code sum = gradients}; both fp32 {@code [elements]}. */
    public void begin(CUdeviceptr gradients, CUdeviceptr sum, CUstream stream) {
        launches.begin().enqueue(stream, gradients, sum);
    }

    /** {@code sum += gradients}. */
    public void add(CUdeviceptr gradients, CUdeviceptr sum, CUstream stream) {
        launches.add().enqueue(stream, gradients, sum);
    }

    /** {@code gradients = (sum + gradients) / batches}. */
    public void finish(CUdeviceptr gradients, CUdeviceptr sum, CUstream stream) {
        launches.finish().enqueue(stream, gradients, sum);
    }
}
