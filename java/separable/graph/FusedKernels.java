package separable.graph;

import separable.kernel.PointwiseBackwardForm;
import separable.spec.ConvSpec;
import separable.spec.DType;

/** Which launches of the fused schedule a device has kernels for. */
interface FusedKernels {

    /** Whether {@link FusedOp.ConvNorm} can be this convolution: a depthwise, a pointwise, or a stem's. */
    boolean forward(ConvSpec spec, DType type);

    /** Whether the gradients of this convolution can be {@link FusedOp.DepthwiseBackward}, {@link FusedOp.PointwiseBackward} or {@link FusedOp.StemBackward}. */
    boolean backward(ConvSpec spec, DType type);

    /** How both gradients of a pointwise convolution are made. */
    PointwiseBackwardForm form(ConvSpec spec, DType type);

    /** Whether there are {@link FusedOp.Pool}, {@link FusedOp.Dense}, {@link FusedOp.DenseBackward} and {@link FusedOp.PoolReduce}. */
    boolean head(DType type);
}
