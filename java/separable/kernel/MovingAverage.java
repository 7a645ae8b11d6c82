package separable.kernel;

import static java.util.Objects.requireNonNull;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;

/**
 * An exponential moving average over one flat buffer, as TensorFlow's {@code ExponentialMovingAverage} with {@code num_updates}:
 * <pre>
 * average += (1 - d) * (value - average)        d = min(decay, (1 + t) / (10 + t)),  t = state.updates + 1
 * </pre>
 * so that it follows quickly at first. To be enqueued after the update of a step and before {@link StepState#advance}.
 */
public final class MovingAverage extends DeviceOp<FlatUpdate.Update> {

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param elements a multiple of 64
     * @param copy     BF16 or F16: {@link #run} also writes the average in that precision; F32: it does not
     * @param decay    0 to below 1
     */
    public MovingAverage(int elements, DType copy, float decay) {
        super(Device.current(), device -> launch(device, elements, copy, decay));
    }

    /**
     * @param elements a multiple of 64
     * @param copy     BF16 or F16: {@link #run} also writes the average in that precision; F32: it does not
     * @param decay    0 to below 1
     */
    public MovingAverage(Device device, int elements, DType copy, float decay) {
        super(device.lend(), share -> launch(share, elements, copy, decay));
    }

    private static FlatUpdate.Update launch(Device device, int elements, DType copy, float decay) {
        requireNonNull(copy, "copy");
        HyperParameters.requireFraction("decay", decay);
        long bytes = (long) elements * Float.BYTES;
        Launch launch = FlatUpdate.overFlat(device, "moving_average_" + copy.suffix(), elements).output("average", bytes);
        if (copy != DType.F32) {
            launch.output("average16", (long) elements * copy.bytes());
        }
        return new FlatUpdate.Update(copy, launch.input("values", bytes).input("state", StepState.BYTES)
                .i32(FlatUpdate.vectors(elements)).f32((float) (1 - (double) decay)));
    }

    /**
     * @param average   fp32 {@code [elements]}, in place
     * @param average16 {@code [elements]} of the copy's precision, written; ignored without a copy
     * @param values    fp32 {@code [elements]}
     */
    public void run(CUdeviceptr average, CUdeviceptr average16, CUdeviceptr values, CUdeviceptr state, CUstream stream) {
        if (launches.writesCopy()) {
            launches.launch().enqueue(stream, average, average16, values, state);
        } else {
            launches.launch().enqueue(stream, average, values, state);
        }
    }
}
