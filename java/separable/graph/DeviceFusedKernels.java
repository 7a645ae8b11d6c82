package separable.graph;

import separable.device.Device;
import separable.kernel.Conv;
import separable.kernel.FusedDepthwiseBackward;
import separable.kernel.FusedDepthwiseForward;
import separable.kernel.PointwiseBackwardForm;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;

/** The fused kernels that there are for a device. */
final class DeviceFusedKernels implements FusedKernels {

    private final Device device;

    DeviceFusedKernels(Device device) {
        this.device = device;
    }

    @Override
    public boolean forward(ConvSpec spec, DType type) {
        if (spec.isDepthwise()) {
            return FusedDepthwiseForward.supports(spec);
        }
        return spec.isPointwise() || Conv.supports(spec, type, Layout.PADDED_NHWC);
    }

    @Override
    public boolean backward(ConvSpec spec, DType type) {
        return spec.isDepthwise() ? FusedDepthwiseBackward.supports(spec, FusedDepthwiseBackward.Form.BOTH) : forward(spec, type);
    }

    @Override
    public PointwiseBackwardForm form(ConvSpec spec, DType type) {
        return PointwiseBackwardForm.of(device, spec, type);
    }

    @Override
    public boolean head(DType type) {
        return true;
    }
}
