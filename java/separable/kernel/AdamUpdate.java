package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;

/**
 * Adam or AdamW over one flat parameter buffer, PyTorch's formulas:
 * <pre>
 * Adam:   g += weightDecay * w            AdamW:  w *= 1 - lr * weightDecay     (where the decay mask is set)
 * m  = beta1 * m + (1 - beta1) * g
 * v  = beta2 * v + (1 - beta2) * g * g
 * w -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)         t = state.updates + 1
 * </pre>
 * Both moments start at 0. Learning rate and updates are read from {@link StepState} on the
 * device, and so is what {@link GradientClip} scales g by before all this.
 */
public final class AdamUpdate extends DeviceOp<FlatUpdate.Update> {

    /** Vectors a thread updates: ADAM_VECTORS in optimizer.cu. */
    private static final int VECTORS_PER_THREAD = 4;

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param elements  a multiple of 64
     * @param copy      BF16 or F16: {@link #run} also writes the new weights in that precision; F32: it does not
     * @param decoupled AdamW: weight decay shrinks the weights and stays out of the gradient
     */
    public AdamUpdate(int elements, DType copy, float beta1, float beta2, float epsilon, float weightDecay, boolean decoupled) {
        super(Device.current(), device -> launch(device, elements, copy, beta1, beta2, epsilon, weightDecay, decoupled));
    }

    /**
     * @param elements  a multiple of 64
     * @param copy      BF16 or F16: {@link #run} also writes the new weights in that precision; F32: it does not
     * @param decoupled AdamW: weight decay shrinks the weights and stays out of the gradient
     */
    public AdamUpdate(Device device, int elements, DType copy, float beta1, float beta2, float epsilon, float weightDecay, boolean decoupled) {
        super(device.lend(), share -> launch(share, elements, copy, beta1, beta2, epsilon, weightDecay, decoupled));
    }

    private static FlatUpdate.Update launch(Device device, int elements, DType copy, float beta1, float beta2, float epsilon, float weightDecay, boolean decoupled) {
        HyperParameters.requireFraction("beta1", beta1);
        HyperParameters.requireFraction("beta2", beta2);
        HyperParameters.requirePositive("epsilon", epsilon);
        HyperParameters.requireNotNegative("weight decay", weightDecay);
        return new FlatUpdate.Update(copy, FlatUpdate.launch(device, "adam_update", elements, copy, VECTORS_PER_THREAD, "first", "second")
                .f32(beta1).f32(beta2).f32((float) Math.log(beta1)).f32((float) Math.log(beta2)).f32(epsilon).f32(weightDecay)
                .i32(decoupled ? 1 : 0));
    }

    /**
     * @param weights   fp32 {@code [elements]}, in place
     * @param weights16 {@code [elements]} of the copy's precision, written; ignored without a copy
     * @param gradients fp32 {@code [elements]}
     * @param first     fp32 {@code [elements]}, m, in place
     * @param second    fp32 {@code [elements]}, v, in place
     * @param decayMask one byte per 64 elements, not 0 where weight decay applies
     */
    public void run(CUdeviceptr weights, CUdeviceptr weights16, CUdeviceptr gradients, CUdeviceptr first, CUdeviceptr second,
                    CUdeviceptr decayMask, CUdeviceptr state, CUstream stream) {
        if (launches.writesCopy()) {
            launches.launch().enqueue(stream, weights, weights16, gradients, first, second, decayMask, state);
        } else {
            launches.launch().enqueue(stream, weights, gradients, first, second, decayMask, state);
        }
    }
}
