package separable.kernel;

import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;

/** Which convolutions have kernels made for their kind, and which of the classes that accept a problem run one for any filter instead. */
public final class SpecialKernels {

    private SpecialKernels() {
    }

    /**
     * Whether {@link DepthwiseConv}, {@link PointwiseConv} or {@link Conv} computes {@code spec} on {@code device} by kernels made for
     * it. Where not, {@link GenericConv} does, or a {@link DepthwiseConv} by kernels for any filter: in NCHW they are GenericConv's.
     *
     * @throws IllegalStateException when the device is closed, or not current on the calling thread
     */
    public static boolean exist(Device device, ConvSpec spec, DType type, Layout layout) {
        if (DepthwiseConv.supports(spec, type, layout)) {
            return DepthwiseConv.isSpecialised(device, spec, type, layout);
        }
        return PointwiseConv.supports(spec, type, layout) || Conv.supports(spec, type, layout);
    }
}
