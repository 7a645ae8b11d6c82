package separable.kernel;

import java.util.List;
import jcuda.driver.CUdeviceptr;
import separable.device.Arena;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Kernel;
import separable.device.Stream;
import separable.spec.DType;

/**
 * Compares two tensors on the device, element by element: {@code |value - reference| <= atol + rtol * |reference|}, with {@code atol} a
 * share of the largest {@code |reference|}. NaN never passes.
 *
 * <p>For checks, not for a step: unlike the other classes it takes its problem with the call, allocates, and waits.
 */
public final class Compare extends DeviceOp<DeviceBuffer> {

    private static final int BLOCKS = 32;
    private static final int RESULTS = BLOCKS * VectorGrid.THREADS;
    private static final long ARRAY_BYTES = Arena.align((long) RESULTS * Float.BYTES);

    /**
     * Two tensors, compared.
     *
     * @param excess  the largest {@code |value - reference| - rtol * |reference|}; infinite where there is a NaN
     * @param element where that is
     * @param largest the largest {@code |reference|}
     */
    public record Result(float excess, int element, float largest) {

        /** Whether every element is within {@code share} of the largest one, beyond the {@code rtol} given. */
        public boolean within(double share) {
            return excess <= share * largest;
        }
    }

    /** On the context that is current on the calling thread, whoever made it. */
    public Compare() {
        super(Device.current(), Compare::allocate);
    }

    /** On {@code device}, which must stay open as long as this. */
    public Compare(Device device) {
        super(device.lend(), Compare::allocate);
    }

    private static DeviceBuffer allocate(Device device) {
        return device.allocate(3 * ARRAY_BYTES, "comparison results");
    }

    /**
     * Compares after everything enqueued on {@code stream}, and waits.
     *
     * @param elements of either tensor, at most 2^31 - 1
     * @param rtol     difference allowed as a share of the element
     */
    public Result run(CUdeviceptr value, CUdeviceptr reference, long elements, DType type, float rtol, Stream stream) {
        DeviceBuffer results = launches;
        Kernel kernel = device().kernel("compare_" + type.suffix());
        kernel.launch().describe("compare " + elements + " elements").grid(BLOCKS, 1, 1).block(VectorGrid.THREADS)
                .input("value", elements * type.bytes(), type.bytes()).input("reference", elements * type.bytes(), type.bytes())
                .i32(Math.toIntExact(elements)).f32(rtol).output("excess", ARRAY_BYTES).output("largest", ARRAY_BYTES).output("elements", ARRAY_BYTES)
                .enqueue(stream.handle(), value, reference, results.at(0), results.at(ARRAY_BYTES), results.at(2 * ARRAY_BYTES));
        stream.synchronize();
        return worst(results.readFloats(0, RESULTS), results.readFloats(ARRAY_BYTES, RESULTS), results.readInts(2 * ARRAY_BYTES, RESULTS));
    }

    private static Result worst(float[] excess, float[] largest, int[] elements) {
        int worst = 0;
        float size = 0;
        for (int i = 0; i < RESULTS; i++) {
            worst = excess[i] > excess[worst] ? i : worst;
            size = Math.max(size, largest[i]);
        }
        return new Result(excess[worst], elements[worst], size);
    }

    /** Gives its memory back. */
    @Override
    public void close() {
        Closing.all(List.<AutoCloseable>of(super::close, launches));
    }
}
