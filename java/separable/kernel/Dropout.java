package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * Inverted dropout (Srivastava et al. 2014, scaled in training as PyTorch does): a fraction {@code rate} of the elements becomes 0, the
 * others are multiplied by {@code 1 / (1 - rate)}. The mask follows from the element's place, {@code salt}, and the seed and step in
 * {@link StepState} by Philox4x32-10 (Salmon et al. 2011); it is never stored: the backward pass makes it again. Evaluation leaves the
 * op out.
 */
public final class Dropout extends DeviceOp<Passes> {

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param rate in [0, 1)
     * @param salt tells the dropout layers of a network apart
     * @throws IllegalArgumentException for another rate
     */
    public Dropout(Shape shape, DType type, float rate, int salt) {
        super(Device.current(), device -> launches(device, shape, type, rate, salt));
    }

    /**
     * @param rate in [0, 1)
     * @param salt tells the dropout layers of a network apart
     * @throws IllegalArgumentException for another rate
     */
    public Dropout(Device device, Shape shape, DType type, float rate, int salt) {
        super(device.lend(), share -> launches(share, shape, type, rate, salt));
    }

    private static Passes launches(Device device, Shape shape, DType type, float rate, int salt) {
        requireProblem("shape", shape, type);
        DropoutMask mask = DropoutMask.of(shape, rate, salt);
        return new Passes(launch(device, shape, type, mask, "x", "y"), launch(device, shape, type, mask, "dy", "dx"));
    }

    private static Launch launch(Device device, Shape shape, DType type, DropoutMask mask, String from, String to) {
        int vectors = VectorGrid.vectors(shape);
        long bytes = shape.bytes(type);
        return mask.append(device.kernel("dropout_" + type.suffix()).launch().describe("dropout " + shape + " rate " + mask.rate())
                .grid(VectorGrid.blocks(vectors, VectorGrid.THREADS), 1, 1).block(VectorGrid.THREADS)
                .input(from, bytes).input("state", StepState.BYTES).output(to, bytes, from)
                .i32(vectors));
    }

    /** @param state the bytes of {@link StepState}; {@code y} may be {@code x} */
    public void forward(CUdeviceptr x, CUdeviceptr state, CUdeviceptr y, CUstream stream) {
        launches.forward().enqueue(stream, x, state, y);
    }

    /** With the mask of {@link #forward} in the same step; {@code dx} may be {@code dy}. */
    public void backward(CUdeviceptr dy, CUdeviceptr state, CUdeviceptr dx, CUstream stream) {
        launches.backward().enqueue(stream, dy, state, dx);
    }
}
