package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * One number added to every pixel of a channel, {@code y[p, c] = x[p, c] + bias[c]}, and its gradient,
 * {@code dbias[c] = sum over p of dy[p, c]}: the bias of PyTorch's {@code Conv2d} and {@code Linear}. {@code dx} is {@code dy}.
 *
 * <p>{@code x, y, dy}: the constructor's shape in the given precision; {@code bias, dbias}: fp32
 * {@code [shape.channelStride()]}, surplus channels zero. Outputs are overwritten. The methods enqueue one launch and allocate
 * nothing; not safe for use by several threads.
 */
public final class Bias extends DeviceOp<Bias.Launches> {

    /** @param reduction how the gradient is shared out */
    record Launches(Launch forward, Launch backward, Fold fold) {
    }

    /** On the context that is current on the calling thread, whoever made it. */
    public Bias(Shape shape, DType type) {
        super(Device.current(), device -> launches(device, shape, type));
    }

    /** On {@code device}, which must stay open as long as this. */
    public Bias(Device device, Shape shape, DType type) {
        super(device.lend(), share -> launches(share, shape, type));
    }

    private static Launches launches(Device device, Shape shape, DType type) {
        requireProblem("shape", shape, type);
        String problem = "bias " + shape + " " + type;
        ColumnGrid map = ColumnGrid.map(shape);
        int channels = shape.channelStride();
        ColumnGrid reduction = ColumnGrid.isNarrow(shape.rows(), channels) ? ColumnGrid.narrow(channels)
                : ColumnGrid.reduction(shape, device.multiprocessors());
        Fold fold = new Fold((long) reduction.parts() * channels * Float.BYTES, reduction.tiles());
        long bytes = shape.bytes(type);
        long perChannel = (long) channels * Float.BYTES;
        return new Launches(
                map.shape(device.kernel("bias_forward_" + type.suffix()).launch().describe(problem), 1)
                        .input("x", bytes).input("bias", perChannel).output("y", bytes, "x")
                        .i32(shape.rows()).i32(channels).i32(map.columns()),
                fold.append(reduction.shape(device.kernel("bias_backward_" + type.suffix()).launch().describe(problem), 1)
                        .input("dy", bytes).output("dbias", perChannel))
                        .i32(shape.rows()).i32(channels).i32(reduction.columns()), fold);
    }

    /** Bytes of the workspace that {@link #backward} needs, of any content. */
    public long workspaceBytes() {
        return launches.fold().bytes();
    }

    /** Ints of the tickets that {@link #backward} needs: zero before the first use, and left zero. */
    public int tickets() {
        return launches.fold().tickets();
    }

    /** {@code y = x + bias}; {@code y} may be {@code x}. */
    public void forward(CUdeviceptr x, CUdeviceptr bias, CUdeviceptr y, CUstream stream) {
        launches.forward().enqueue(stream, x, bias, y);
    }

    /** {@code dbias[c]} = the sum of {@code dy} over all pixels of channel c. */
    public void backward(CUdeviceptr dy, CUdeviceptr dbias, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.backward().enqueue(stream, dy, dbias, workspace, tickets);
    }
}
