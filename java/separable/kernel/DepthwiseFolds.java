package separable.kernel;

import static java.util.Objects.requireNonNull;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.NormSpec;

/**
 * The reductions around a depthwise convolution, each its own launch over stored tensors, with their sums in the order of
 * {@link FusedDepthwiseForward}: a plain schedule made of these agrees with the fused one to the bit.
 *
 * <p>Operands as in {@link BatchNorm}. Errors and lifetimes as in {@link ConvKernel}. Not safe for use by several threads.
 */
public final class DepthwiseFolds extends DeviceOp<DepthwiseFolds.Launches> {

    record Launches(Launch statistics, Fold fold) {
    }

    /** On the context that is current on the calling thread; as the other. */
    public DepthwiseFolds(ConvSpec spec, DType type, NormSpec norm) {
        super(Device.current(), device -> launches(device, spec, type, norm));
    }

    /**
     * @param norm the normalisation that a call is for: the one behind the convolution for {@link #statistics}
     * @throws IllegalArgumentException unless {@link FusedDepthwiseForward#supports} the convolution
     */
    public DepthwiseFolds(Device device, ConvSpec spec, DType type, NormSpec norm) {
        super(device.lend(), share -> launches(share, spec, type, norm));
    }

    private static Launches launches(Device device, ConvSpec spec, DType type, NormSpec norm) {
        requireProblem("spec", spec, type);
        requireNonNull(norm, "norm");
        FusedDepthwiseForward.requireSupported("folding as a fused depthwise convolution", spec, FusedInput.RAW);
        String problem = "folds of depthwise " + spec + " " + type;
        long channel = (long) spec.output().channelStride() * Float.BYTES;
        DepthwiseWalk forward = DepthwiseWalk.forward(spec, device.multiprocessors());
        Fold fold = forward.fold(FusedDepthwiseForward.MOMENTS, spec.output());
        Launch statistics = device.kernel("bn_statistics_lines_k" + spec.kernelWidth() + "_" + type.suffix()).launch().describe(problem)
                .input("x", spec.output().bytes(type)).output("stats", 2 * channel).output("running", 2 * channel);
        fold.append(statistics).i32(spec.output().h()).i32(spec.output().w()).i32(spec.output().channelStride());
        forward.shape(statistics, 1).f32(norm.momentum());
        return new Launches(statistics, fold);
    }

    /** Bytes of the workspace that the reductions need, of any content. */
    public long workspaceBytes() {
        return launches.fold().bytes();
    }

    /** Ints of the tickets that the reductions need: zero before the first use, and left zero. */
    public int tickets() {
        return launches.fold().tickets();
    }

    /** As {@link BatchNorm#statistics}, of the convolution's output {@code x}. */
    public void statistics(CUdeviceptr x, CUdeviceptr stats, CUdeviceptr running, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.statistics().enqueue(stream, x, stats, running, workspace, tickets);
    }
}
