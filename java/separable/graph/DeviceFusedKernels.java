package separable.graph;

import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;

/** The fused kernels that there are for a device. */
final class DeviceFusedKernels implements FusedKernels {

    private final Device device;

    DeviceFusedKernels(Device device) {
        this.device = device;
    }

    @Override
    public boolean forward(ConvSpec spec, DType type) {
        return false;
    }

    @Override
    public boolean backward(ConvSpec spec, DType type) {
        return false;
    }

    @Override
    public Division division(ConvSpec spec, DType type) {
        throw new IllegalArgumentException("no fused gradient of " + spec + " on " + device);
    }

    @Override
    public boolean head(DType type) {
        return false;
    }
}
