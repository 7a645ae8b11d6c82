package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.PoolSpec;

/**
 * The maximum over square windows, padding counted as -infinity. {@code x, dx}: {@code spec.input()}; {@code y, dy}:
 * {@code spec.output()}.
 */
public final class MaxPool {

    private final Launch forward;
    private final Launch backward;

    public MaxPool(Device device, PoolSpec spec, DType type) {
        forward = PoolLaunch.over(device, "max_pool_forward_" + type.suffix(), spec, spec.output(), 2);
        backward = PoolLaunch.over(device, "max_pool_backward_" + type.suffix(), spec, spec.input(), 4);
    }

    public void forward(CUdeviceptr x, CUdeviceptr y, CUstream stream) {
        forward.enqueue(stream, x, y);
    }

    /** The gradient of each window goes to its first maximum in row-major order, as PyTorch's does. */
    public void backward(CUdeviceptr x, CUdeviceptr y, CUdeviceptr dy, CUdeviceptr dx, CUstream stream) {
        backward.enqueue(stream, x, y, dy, dx);
    }
}
