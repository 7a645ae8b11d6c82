package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.PoolSpec;

/**
 * The mean over square windows. {@code x, dx}: {@code spec.input()}; {@code y, dy}: {@code spec.output()}.
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
        long in = spec.input().bytes(type);
        long out = spec.output().bytes(type);
        Launch forward = PoolLaunch.over(device, "average_pool_forward_" + type.suffix(), spec, spec.output());
        Launch backward = PoolLaunch.over(device, "average_pool_backward_" + type.suffix(), spec, spec.input());
        return new Passes(PoolLaunch.geometry(forward.input("x", in).output("y", out), spec).i32(countPadding ? 1 : 0),
                PoolLaunch.geometry(backward.input("dy", out).output("dx", in), spec).i32(countPadding ? 1 : 0));
    }

    public void forward(CUdeviceptr x, CUdeviceptr y, CUstream stream) {
        launches.forward().enqueue(stream, x, y);
    }

    public void backward(CUdeviceptr dy, CUdeviceptr dx, CUstream stream) {
        launches.backward().enqueue(stream, dy, dx);
    }
}
