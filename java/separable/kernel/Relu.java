package separable.kernel;

import static java.util.Objects.requireNonNull;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.Activation;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * ReLU or ReLU6 of an activation. The methods enqueue one launch and return; not safe for use by several threads.
 *
 * <p>The derivative at the corners is 0, as PyTorch's; it is taken from the stored output.
 */
public final class Relu extends DeviceOp<Passes> {

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @throws IllegalArgumentException for {@link Activation#NONE}
     */
    public Relu(Shape shape, DType type, Activation activation) {
        super(Device.current(), device -> launches(device, shape, type, activation));
    }

    /** @throws IllegalArgumentException for {@link Activation#NONE} */
    public Relu(Device device, Shape shape, DType type, Activation activation) {
        super(device.lend(), share -> launches(share, shape, type, activation));
    }

    private static Passes launches(Device device, Shape shape, DType type, Activation activation) {
        requireProblem("shape", shape, type);
        requireNonNull(activation, "activation");
        float ceiling = ceiling(activation);
        String problem = activation + " " + shape;
        int vectors = VectorGrid.vectors(shape);
        int blocks = VectorGrid.blocks(vectors, VectorGrid.THREADS);
        long bytes = shape.bytes(type);
        return new Passes(
                device.kernel("relu_forward_" + type.suffix()).launch().describe(problem).grid(blocks, 1, 1).block(VectorGrid.THREADS)
                        .input("x", bytes).output("y", bytes, "x").i32(vectors).f32(ceiling),
                device.kernel("relu_backward_" + type.suffix()).launch().describe(problem).grid(blocks, 1, 1).block(VectorGrid.THREADS)
                        .input("y", bytes).input("dy", bytes).output("dx", bytes, "dy").i32(vectors).f32(ceiling));
    }

    private static float ceiling(Activation activation) {
        return switch (activation) {
            case RELU -> Float.POSITIVE_INFINITY;
            case RELU6 -> 6;
            case NONE -> throw new IllegalArgumentException("activation NONE computes nothing: leave the op out");
        };
    }

    /** {@code y = min(max(x, 0), ceiling)}; {@code y} may be {@code x}. */
    public void forward(CUdeviceptr x, CUdeviceptr y, CUstream stream) {
        launches.forward().enqueue(stream, x, y);
    }

    /** {@code dx = dy} where {@code 0 < y < ceiling}, else 0; {@code dx} may be {@code dy}. */
    public void backward(CUdeviceptr y, CUdeviceptr dy, CUdeviceptr dx, CUstream stream) {
        launches.backward().enqueue(stream, y, dy, dx);
    }
}
