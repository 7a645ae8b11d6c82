package separable.graph;

import separable.device.Device;
import separable.kernel.Conv;
import separable.kernel.FusedDepthwiseBackward;
import separable.kernel.FusedDepthwiseForward;
import separable.kernel.PointwiseBackwardForm;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Products;

/** The fused kernels that there are for a device. Their products are exact: where TF32 is wanted, pointwise convolutions stay plain. */
final class DeviceFusedKernels implements FusedKernels {

    private final Device device;
    private final Products products;

    DeviceFusedKernels(Device device, Products products) {
        this.device = device;
        this.products = products;
    }

    @Override
    public boolean forward(ConvSpec spec, DType type) {
        if (spec.isDepthwise()) {
            return FusedDepthwiseForward.supports(spec);
        }
        return spec.isPointwise() ? products == Products.EXACT : Conv.supports(spec, type, Layout.PADDED_NHWC);
    }

    @Override
    public boolean backward(ConvSpec spec, DType type) {
        return spec.isDepthwise() ? FusedDepthwiseBackward.supports(spec, FusedDepthwiseBackward.Form.BOTH) : forward(spec, type);
    }

    @Override
    public PointwiseBackwardForm form(ConvSpec spec, DType type) {
        return PointwiseBackwardForm.dual(spec);
    }

    @Override
    public boolean head(DType type) {
        return true;
    }
}
