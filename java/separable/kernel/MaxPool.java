package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.PoolSpec;

/**
 * The maximum over square windows, padding counted as -infinity, as PyTorch's {@code MaxPool2d} (Ranzato et al. 2007). {@code x, dx}:
 * {@code spec.input()}; {@code y, dy}: {@code spec.output()}; in the given precision.
 */
public final class MaxPool extends DeviceOp<Passes> {

    /** On the context that is current on the calling thread, whoever made it. */
    public MaxPool(PoolSpec spec, DType type) {
        super(Device.current(), device -> launches(device, spec, type));
    }

    /** On {@code device}, which must stay open as long as this. */
    public MaxPool(Device device, PoolSpec spec, DType type) {
        super(device.lend(), share -> launches(share, spec, type));
    }

    private static Passes launches(Device device, PoolSpec spec, DType type) {
        requireProblem("spec", spec, type);
        long in = spec.input().bytes(type);
        long out = spec.output().bytes(type);
        Launch forward = PoolLaunch.over(device, "max_pool_forward_" + type.suffix(), spec, spec.output());
        Launch backward = PoolLaunch.over(device, "max_pool_backward_" + type.suffix(), spec, spec.input());
        return new Passes(PoolLaunch.geometry(forward.input("x", in).output("y", out), spec),
                PoolLaunch.geometry(backward.input("x", in).input("y", out).input("dy", out).output("dx", in), spec));
    }

    /** {@code y} from {@code x}; a window with a NaN gives NaN. */
    public void forward(CUdeviceptr x, CUdeviceptr y, CUstream stream) {
        launches.forward().enqueue(stream, x, y);
    }

    /** The gradient of each window goes to its first maximum in row-major order, as PyTorch's does. */
    public void backward(CUdeviceptr x, CUdeviceptr y, CUdeviceptr dy, CUdeviceptr dx, CUstream stream) {
        launches.backward().enqueue(stream, x, y, dy, dx);
    }
}
