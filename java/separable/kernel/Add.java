package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.Shape;

/** The sum of two activations of one shape: a residual connection, or two contributions to a gradient. */
public final class Add {

    private final Launch forward;

    public Add(Device device, Shape shape, DType type) {
        int vectors = VectorGrid.vectors(shape);
        forward = device.kernel("add_" + type.suffix()).launch().describe("add " + shape)
                .grid(VectorGrid.blocks(vectors, VectorGrid.THREADS), 1, 1).block(VectorGrid.THREADS)
                .pointer().pointer().pointer().i32(vectors);
    }

    /** {@code y = a + b}, rounded once; {@code y} may be {@code a} or {@code b}. */
    public void forward(CUdeviceptr a, CUdeviceptr b, CUdeviceptr y, CUstream stream) {
        forward.enqueue(stream, a, b, y);
    }
}
