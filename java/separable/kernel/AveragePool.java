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
public final class AveragePool {

    private final Launch forward;
    private final Launch backward;

    /** @param countPadding whether the divisor counts pixels in the padding (PyTorch's {@code count_include_pad}) */
    public AveragePool(Device device, PoolSpec spec, DType type, boolean countPadding) {
        int counted = countPadding ? 1 : 0;
        forward = PoolLaunch.over(device, "average_pool_forward_" + type.suffix(), spec, spec.output(), 2).i32(counted);
        backward = PoolLaunch.over(device, "average_pool_backward_" + type.suffix(), spec, spec.input(), 2).i32(counted);
    }

    public void forward(CUdeviceptr x, CUdeviceptr y, CUstream stream) {
        forward.enqueue(stream, x, y);
    }

    public void backward(CUdeviceptr dy, CUdeviceptr dx, CUstream stream) {
        backward.enqueue(stream, dy, dx);
    }
}
