package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;

/**
 * What a scaled loss asks for before the update (PyTorch's {@code GradScaler}), by one launch and on the device alone. With S the
 * {@link LossScale#factor} that {@link SoftmaxCrossEntropy} multiplied by, and norm that of gradients / S:
 * <pre>
 * all gradients finite: the updates multiply gradients by min(1, limit / (norm + 1e-6)) / S; after `interval` such steps S doubles
 * else:                 the updates and averages that follow write nothing, {@link StepState#advance} counts the step as skipped, S halves
 * </pre>
 * so that true gradients are clipped and averaged. All of it goes into the {@link StepState}. Gradients whose squares add up to more than
 * fp32 holds count as not finite. The same gradients give the same bits.
 */
public final class LossScaling extends DeviceOp<GradientClip.Launches> {

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param elements a multiple of 64
     * @param limit    of the norm, above 0; infinite to clip nothing
     * @param interval good steps after which the scale doubles: {@link LossScale#GROWTH_INTERVAL}
     */
    public LossScaling(int elements, float limit, int interval) {
        super(Device.current(), device -> launches(device, elements, limit, interval));
    }

    /**
     * @param elements a multiple of 64
     * @param limit    of the norm, above 0; infinite to clip nothing
     * @param interval good steps after which the scale doubles: {@link LossScale#GROWTH_INTERVAL}
     */
    public LossScaling(Device device, int elements, float limit, int interval) {
        super(device.lend(), share -> launches(share, elements, limit, interval));
    }

    private static GradientClip.Launches launches(Device device, int elements, float limit, int interval) {
        if (!(limit > 0) || interval < 1) {
            throw new IllegalArgumentException("loss scaling with clipping norm " + limit + " and growth after " + interval
                    + " good steps: the one must be above 0, the other at least 1");
        }
        GradientClip.Launches squares = GradientClip.squares(device, "loss_scaling", elements);
        squares.run().f32(limit).i32(interval);
        return squares;
    }

    /** Bytes of partial results. */
    public long workspaceBytes() {
        return launches.fold().bytes();
    }

    /** Ints of {@code tickets}. */
    public int tickets() {
        return launches.fold().tickets();
    }

    /**
     * @param gradients fp32 {@code [elements]}, of the scaled loss
     * @param state     the bytes of {@link StepState}, whose scales are written
     * @param workspace of any content
     * @param tickets   zero before the first use, and left zero
     */
    public void run(CUdeviceptr gradients, CUdeviceptr state, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.run().enqueue(stream, gradients, state, workspace, tickets);
    }
}
