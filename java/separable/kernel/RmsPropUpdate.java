package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;

/**
 * RMSProp over one flat parameter buffer, TensorFlow's formula (not PyTorch's): epsilon lies inside the root, and the learning
 * rate inside the momentum.
 * <pre>
 * g  += weightDecay * w        (where the decay mask is set)
 * ms  = rho * ms + (1 - rho) * g * g
 * mom = momentum * mom + lr * g / sqrt(ms + epsilon)
 * w  -= mom
 * </pre>
 * As in TensorFlow the mean square {@code ms} must start at {@link #INITIAL_MEAN_SQUARE}, {@code mom} at 0. The learning
 * rate is read from {@link StepState} on the device, and so is what {@link GradientClip} scales g by before all this.
 */
public final class RmsPropUpdate extends DeviceOp<FlatUpdate.Update> {

    /** What TensorFlow's RMSProp fills the mean squares with; it damps the first steps. */
    public static final float INITIAL_MEAN_SQUARE = 1;

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param elements a multiple of 64
     * @param copy     BF16 or F16: {@link #run} also writes the new weights in that precision; F32: it does not
     */
    public RmsPropUpdate(int elements, DType copy, float rho, float momentum, float epsilon, float weightDecay) {
        super(Device.current(), device -> launch(device, elements, copy, rho, momentum, epsilon, weightDecay));
    }

    /**
     * @param elements a multiple of 64
     * @param copy     BF16 or F16: {@link #run} also writes the new weights in that precision; F32: it does not
     */
    public RmsPropUpdate(Device device, int elements, DType copy, float rho, float momentum, float epsilon, float weightDecay) {
        super(device.lend(), share -> launch(share, elements, copy, rho, momentum, epsilon, weightDecay));
    }

    private static FlatUpdate.Update launch(Device device, int elements, DType copy, float rho, float momentum, float epsilon, float weightDecay) {
        HyperParameters.requireFraction("rho", rho);
        HyperParameters.requireFraction("momentum", momentum);
        HyperParameters.requirePositive("epsilon", epsilon);
        HyperParameters.requireNotNegative("weight decay", weightDecay);
        return new FlatUpdate.Update(copy, FlatUpdate.launch(device, "rmsprop_update", elements, copy, 1, "meanSquares", "moments")
                .f32(rho).f32(momentum).f32(epsilon).f32(weightDecay));
    }

    /**
     * @param weights     fp32 {@code [elements]}, in place
     * @param weights16   {@code [elements]} of the copy's precision, written; ignored without a copy
     * @param gradients   fp32 {@code [elements]}
     * @param meanSquares fp32 {@code [elements]}, in place
     * @param moments     fp32 {@code [elements]}, in place
     * @param decayMask   one byte per 64 elements, not 0 where weight decay applies
     */
    public void run(CUdeviceptr weights, CUdeviceptr weights16, CUdeviceptr gradients, CUdeviceptr meanSquares,
                    CUdeviceptr moments, CUdeviceptr decayMask, CUdeviceptr state, CUstream stream) {
        if (launches.writesCopy()) {
            launches.launch().enqueue(stream, weights, weights16, gradients, meanSquares, moments, decayMask, state);
        } else {
            launches.launch().enqueue(stream, weights, gradients, meanSquares, moments, decayMask, state);
        }
    }
}
