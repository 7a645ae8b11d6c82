package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * Inverted dropout: a fraction {@code rate} of the elements becomes 0, the others are multiplied by {@code 1 / (1 - rate)}.
 * The mask follows from the element's place, {@code salt}, and the seed and step in {@link StepState} by Philox4x32-10; it is
 * never stored: the backward pass makes it again. Evaluation leaves the op out.
 */
public final class Dropout {

    private final Launch launch;

    /**
     * @param rate in [0, 1)
     * @param salt tells the dropout layers of a network apart
     */
    public Dropout(Device device, Shape shape, DType type, float rate, int salt) {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("dropout rate " + rate + " of " + shape + ": it must be at least 0 and below 1");
        }
        int vectors = VectorGrid.vectors(shape);
        launch = device.kernel("dropout_" + type.suffix()).launch().describe("dropout " + shape + " rate " + rate)
                .grid(VectorGrid.blocks(vectors, VectorGrid.THREADS), 1, 1).block(VectorGrid.THREADS)
                .pointer().pointer().pointer().i32(vectors).i32((int) threshold(rate)).f32(1 / (1 - rate)).i32(salt);
    }

    /** A random 32-bit word below this drops its element. Below 2^32, since no float below 1 is above 1 - 2^-24. */
    private static long threshold(float rate) {
        return Math.round(rate * 0x1p32);
    }

    /** @param state the 64 bytes of {@link StepState}; {@code y} may be {@code x} */
    public void forward(CUdeviceptr x, CUdeviceptr state, CUdeviceptr y, CUstream stream) {
        launch.enqueue(stream, x, state, y);
    }

    /** With the mask of {@link #forward} in the same step; {@code dx} may be {@code dy}. */
    public void backward(CUdeviceptr dy, CUdeviceptr state, CUdeviceptr dx, CUstream stream) {
        launch.enqueue(stream, dy, state, dx);
    }
}
