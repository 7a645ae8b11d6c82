package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * The sum of two activations of one shape, {@code y = a + b} element by element: the shortcut of a residual block (He et al. 2016), or
 * two contributions to one gradient. {@code a, b, y}: the constructor's shape in the given precision.
 */
public final class Add extends DeviceOp<Launch> {

    /** On the context that is current on the calling thread, whoever made it. */
    public Add(Shape shape, DType type) {
        super(Device.current(), device -> launch(device, shape, type));
    }

    /** On {@code device}, which must stay open as long as this. */
    public Add(Device device, Shape shape, DType type) {
        super(device.lend(), share -> launch(share, shape, type));
    }

    private static Launch launch(Device device, Shape shape, DType type) {
        requireProblem("shape", shape, type);
        int vectors = VectorGrid.vectors(shape);
        long bytes = shape.bytes(type);
        return device.kernel("add_" + type.suffix()).launch().describe("add " + shape)
                .grid(VectorGrid.blocks(vectors, VectorGrid.THREADS), 1, 1).block(VectorGrid.THREADS)
                .input("a", bytes).input("b", bytes).output("y", bytes, "a", "b").i32(vectors);
    }

    /** {@code y = a + b}, rounded once; {@code y} may be {@code a} or {@code b}. */
    public void forward(CUdeviceptr a, CUdeviceptr b, CUdeviceptr y, CUstream stream) {
        launches.enqueue(stream, a, b, y);
    }
}
