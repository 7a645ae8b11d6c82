package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.PoolSpec;

/**
 * The mean over square windows (LeCun et al. 1998; divisors as PyTorch's {@code AvgPool2d}). With K the kernel and S the stride
 * <pre>
 *   forward    y[n, oy, ox, c] = sum over the window's pixels of x[n, oy*S - top + ky, ox*S - left + kx, c] / divisor(oy, ox)
 *   backward   dx, its transpose
 * </pre>
 * where pixels outside the picture are zero, and the divisor is K*K or the number of pixels inside the picture.
 *
 * <p>{@code x, dx}: {@code spec.input()}; {@code y, dy}: {@code spec.output()}; in the given precision.
 */
public final class AveragePool extends DeviceOp<Passes> {

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param countPadding whether the divisor counts pixels in the padding (PyTorch's {@code count_include_pad})
     */
    public AveragePool(PoolSpec spec, DType type, boolean countPadding) {
        super(Device.current(), device -> launches(device, spec, type, countPadding));
    }

    /** @param countPadding whether the divisor counts pixels in the padding (PyTorch's {@code count_include_pad}) */
    public AveragePool(Device device, PoolSpec spec, DType type, boolean countPadding) {
        super(device.lend(), share -> launches(share, spec, type, countPadding));
    }

    private static Passes launches(Device device, PoolSpec spec, DType type, boolean countPadding) {
        requireProblem("spec", spec, type);
        long in = spec.input().bytes(type);
        long out = spec.output().bytes(type);
        Launch forward = PoolLaunch.over(device, "average_pool_forward_" + type.suffix(), spec, spec.output());
        Launch backward = PoolLaunch.over(device, "average_pool_backward_" + type.suffix(), spec, spec.input());
        return new Passes(PoolLaunch.geometry(forward.input("x", in).output("y", out), spec).i32(countPadding ? 1 : 0),
                PoolLaunch.geometry(backward.input("dy", out).output("dx", in), spec).i32(countPadding ? 1 : 0));
    }

    /** {@code y} from {@code x}. */
    public void forward(CUdeviceptr x, CUdeviceptr y, CUstream stream) {
        launches.forward().enqueue(stream, x, y);
    }

    /** {@code dx} from {@code dy}: every window's gradient in equal shares to its pixels. */
    public void backward(CUdeviceptr dy, CUdeviceptr dx, CUstream stream) {
        launches.backward().enqueue(stream, dy, dx);
    }
}
