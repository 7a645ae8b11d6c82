package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * One number added to every pixel of a channel, and its gradient.
 *
 * <p>{@code x, y, dy}: the constructor's shape in the given precision; {@code bias, dbias}: fp32
 * {@code [shape.channelStride()]}, surplus channels zero. Outputs are overwritten. The methods enqueue one launch and allocate
 * nothing; not safe for use by several threads.
 */
public final class Bias {

    private final ColumnGrid reduction;
    private final int channels;
    private final Launch forward;
    private final Launch backward;

    public Bias(Device device, Shape shape, DType type) {
        String problem = "bias " + shape + " " + type;
        ColumnGrid map = ColumnGrid.map(shape);
        reduction = ColumnGrid.reduction(shape, device.multiprocessors());
        channels = shape.channelStride();
        forward = map.shape(device.kernel("bias_forward_" + type.suffix()).launch().describe(problem), 1)
                .pointer().pointer().pointer()
                .i32(shape.rows()).i32(channels).i32(map.columns());
        backward = reduction.shape(device.kernel("bias_backward_" + type.suffix()).launch().describe(problem), 1)
                .pointer().pointer().pointer().pointer()
                .i32(shape.rows()).i32(channels).i32(reduction.columns());
    }

    /** Bytes of the workspace that {@link #backward} needs, of any content. */
    public long workspaceBytes() {
        return (long) reduction.parts() * channels * Float.BYTES;
    }

    /** Ints of the tickets that {@link #backward} needs: zero before the first use, and left zero. */
    public int tickets() {
        return reduction.tiles();
    }

    /** {@code y = x + bias}; {@code y} may be {@code x}. */
    public void forward(CUdeviceptr x, CUdeviceptr bias, CUdeviceptr y, CUstream stream) {
        forward.enqueue(stream, x, bias, y);
    }

    /** {@code dbias[c]} = the sum of {@code dy} over all pixels of channel c. */
    public void backward(CUdeviceptr dy, CUdeviceptr dbias, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        backward.enqueue(stream, dy, dbias, workspace, tickets);
    }
}
