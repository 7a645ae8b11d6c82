package separable.cudnn;

import jcuda.jcudnn.cudnnMathType;
import separable.spec.DType;

/** What cuDNN may do with the precision of an fp32 convolution. 16-bit ones multiply in 16 bits on tensor cores and add in fp32 either way. */
public enum CudnnMath {
    /** Products and sums of fp32, as our own kernels have them. */
    EXACT("exact"),
    /** fp32 operands may be rounded to TF32's 10 bits of fraction, for tensor cores of compute capability 8.0 and newer. */
    TF32("tf32");

    private final String label;

    CudnnMath(String label) {
        this.label = label;
    }

    /** cuDNN's default permits TF32 for fp32: exactness has to be asked for. */
    int mathType(DType type) {
        if (type != DType.F32) {
            return cudnnMathType.CUDNN_TENSOR_OP_MATH;
        }
        return this == EXACT ? cudnnMathType.CUDNN_FMA_MATH : cudnnMathType.CUDNN_DEFAULT_MATH;
    }

    @Override
    public String toString() {
        return label;
    }
}
