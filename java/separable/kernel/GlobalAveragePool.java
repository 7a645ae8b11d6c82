package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.Shape;

/** The mean over all pixels of a picture: {@code x} of {@code shape}, {@code y} of {@code Shape.matrix(n, c)}. */
public final class GlobalAveragePool {

    private final Launch forward;
    private final Launch backward;

    public GlobalAveragePool(Device device, Shape shape, DType type) {
        Shape pooled = Shape.matrix(shape.n(), shape.c());
        forward = launch(device, "global_average_pool_forward_" + type.suffix(), shape, pooled);
        backward = launch(device, "global_average_pool_backward_" + type.suffix(), shape, shape);
    }

    private static Launch launch(Device device, String entry, Shape shape, Shape threads) {
        return device.kernel(entry).launch().describe("global average pool " + shape)
                .grid(VectorGrid.blocks(VectorGrid.vectors(threads), VectorGrid.THREADS), 1, 1).block(VectorGrid.THREADS)
                .pointer().pointer().i32(shape.n()).i32(shape.h() * shape.w()).i32(shape.channelStride());
    }

    public void forward(CUdeviceptr x, CUdeviceptr y, CUstream stream) {
        forward.enqueue(stream, x, y);
    }

    /** {@code dx = dy / (h * w)} in every pixel. */
    public void backward(CUdeviceptr dy, CUdeviceptr dx, CUstream stream) {
        backward.enqueue(stream, dy, dx);
    }
}
