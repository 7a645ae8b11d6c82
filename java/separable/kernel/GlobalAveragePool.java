package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * The mean over all pixels of a picture (Lin et al. 2013, "Network in network"): {@code x, dx} of {@code shape}, {@code y, dy} of
 * {@code Shape.matrix(n, c)}, in the given precision.
 */
public final class GlobalAveragePool extends DeviceOp<Passes> {

    /** On the context that is current on the calling thread, whoever made it. */
    public GlobalAveragePool(Shape shape, DType type) {
        super(Device.current(), device -> launches(device, shape, type));
    }

    /** On {@code device}, which must stay open as long as this. */
    public GlobalAveragePool(Device device, Shape shape, DType type) {
        super(device.lend(), share -> launches(share, shape, type));
    }

    private static Passes launches(Device device, Shape shape, DType type) {
        requireProblem("shape", shape, type);
        Shape pooled = Shape.matrix(shape.n(), shape.c());
        long in = shape.bytes(type);
        long out = pooled.bytes(type);
        Launch forward = launch(device, "global_average_pool_forward_" + type.suffix(), shape, pooled);
        Launch backward = launch(device, "global_average_pool_backward_" + type.suffix(), shape, shape);
        return new Passes(geometry(forward.input("x", in).output("y", out), shape), geometry(backward.input("dy", out).output("dx", in), shape));
    }

    private static Launch launch(Device device, String entry, Shape shape, Shape threads) {
        return device.kernel(entry).launch().describe("global average pool " + shape)
                .grid(VectorGrid.blocks(VectorGrid.vectors(threads), VectorGrid.THREADS), 1, 1).block(VectorGrid.THREADS);
    }

    private static Launch geometry(Launch launch, Shape shape) {
        return launch.i32(shape.n()).i32(shape.h() * shape.w()).i32(shape.channelStride());
    }

    /** {@code y} = the sum over all pixels of {@code x}, in fp32, divided by {@code h * w}. */
    public void forward(CUdeviceptr x, CUdeviceptr y, CUstream stream) {
        launches.forward().enqueue(stream, x, y);
    }

    /** {@code dx = dy / (h * w)} in every pixel. */
    public void backward(CUdeviceptr dy, CUdeviceptr dx, CUstream stream) {
        launches.backward().enqueue(stream, dy, dx);
    }
}
