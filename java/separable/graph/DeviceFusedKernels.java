package separable.graph;

import separable.device.Device;
import separable.kernel.PointwiseBackwardForm;
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
    public PointwiseBackwardForm form(ConvSpec spec, DType type) {
        return PointwiseBackwardForm.of(device, spec, type);
    }

    @Override
    public boolean head(DType type) {
        return false;
    }
}
