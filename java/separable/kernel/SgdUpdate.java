package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;

/**
 * Stochastic gradient descent with momentum over one flat parameter buffer, PyTorch's formula without dampening:
 * <pre>
 * g += weightDecay * w        (where the decay mask is set)
 * v  = momentum * v + g
 * w -= lr * (nesterov ? g + momentum * v : v)
 * </pre>
 * The velocity {@code v} starts at 0. The learning rate is read from {@link StepState} on the
 * device, and so is what {@link GradientClip} scales g by before all this.
 */
public final class SgdUpdate extends DeviceOp<FlatUpdate.Update> {

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param elements a multiple of 64
     * @param copy     BF16 or F16: {@link #run} also writes the new weights in that precision; F32: it does not
     */
    public SgdUpdate(int elements, DType copy, float momentum, float weightDecay, boolean nesterov) {
        super(Device.current(), device -> launch(device, elements, copy, momentum, weightDecay, nesterov));
    }

    /**
     * @param elements a multiple of 64
     * @param copy     BF16 or F16: {@link #run} also writes the new weights in that precision; F32: it does not
     */
    public SgdUpdate(Device device, int elements, DType copy, float momentum, float weightDecay, boolean nesterov) {
        super(device.lend(), share -> launch(share, elements, copy, momentum, weightDecay, nesterov));
    }

    private static FlatUpdate.Update launch(Device device, int elements, DType copy, float momentum, float weightDecay, boolean nesterov) {
        HyperParameters.requireFraction("momentum", momentum);
        HyperParameters.requireNotNegative("weight decay", weightDecay);
        return new FlatUpdate.Update(copy, FlatUpdate.launch(device, "sgd_update", elements, copy, 1, "velocity")
                .f32(momentum).f32(weightDecay).i32(nesterov ? 1 : 0));
    }

    /**
     * @param weights   fp32 {@code [elements]}, in place
     * @param weights16 {@code [elements]} of the copy's precision, written; ignored without a copy
     * @param gradients fp32 {@code [elements]}
     * @param velocity  fp32 {@code [elements]}, in place
     * @param decayMask one byte per 64 elements, not 0 where weight decay applies
     */
    public void run(CUdeviceptr weights, CUdeviceptr weights16, CUdeviceptr gradients, CUdeviceptr velocity,
                    CUdeviceptr decayMask, CUdeviceptr state, CUstream stream) {
        if (launches.writesCopy()) {
            launches.launch().enqueue(stream, weights, weights16, gradients, velocity, decayMask, state);
        } else {
            launches.launch().enqueue(stream, weights, gradients, velocity, decayMask, state);
        }
    }
}
