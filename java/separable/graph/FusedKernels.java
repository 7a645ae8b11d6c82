package separable.graph;

import separable.spec.ConvSpec;
import separable.spec.DType;

/** Which launches of the fused schedule a device has kernels for, and how they divide their work. */
interface FusedKernels {

    /** How the gradient of a pointwise convolution is made. @param parts addends of the filter's gradient, of {@link FusedOp.Form#DUAL} 1 */
    record Division(FusedOp.Form form, int parts) {}

    /** Whether {@link FusedOp.ConvNorm} can be this convolution: a depthwise, a pointwise, or a stem's. */
    boolean forward(ConvSpec spec, DType type);

    /** Whether the gradients of this convolution can be {@link FusedOp.DepthwiseBackward}, {@link FusedOp.PointwiseBackward} or {@link FusedOp.StemBackward}. */
    boolean backward(ConvSpec spec, DType type);

    Division division(ConvSpec spec, DType type);

    /** Whether there are {@link FusedOp.Pool}, {@link FusedOp.Dense}, {@link FusedOp.DenseBackward} and {@link FusedOp.PoolReduce}. */
    boolean head(DType type);
}
