package separable.kernel;

import static java.util.Objects.requireNonNull;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.NormSpec;
import separable.spec.Shape;

/**
 * The reductions around a depthwise convolution, each its own launch over stored tensors, with their sums in the order of
 * {@link FusedDepthwiseForward} and {@link FusedDepthwiseBackward}: a plain schedule made of these agrees with the fused one to the bit.
 *
 * <p>Operands as in {@link BatchNorm} and {@link DepthwiseConv}. Errors and lifetimes as in {@link ConvKernel}. Not safe for use by several threads.
 */
public final class DepthwiseFolds extends DeviceOp<DepthwiseFolds.Launches> {

    record Launches(Launch statistics, Launch backwardReduce, Launch backwardFilter, Fold fold) {
    }

    /** On the context that is current on the calling thread; as the other. */
    public DepthwiseFolds(ConvSpec spec, DType type, NormSpec norm) {
        super(Device.current(), device -> launches(device, spec, type, norm));
    }

    /**
     * @param norm the normalisation that a call is for: the one behind the convolution for {@link #statistics}, the one before it for {@link
     *             #backwardReduce}; the filter's gradient needs none
     * @throws IllegalArgumentException unless {@link FusedDepthwiseForward#supports} the convolution
     */
    public DepthwiseFolds(Device device, ConvSpec spec, DType type, NormSpec norm) {
        super(device.lend(), share -> launches(share, spec, type, norm));
    }

    private static Launches launches(Device device, ConvSpec spec, DType type, NormSpec norm) {
        requireProblem("spec", spec, type);
        requireNonNull(norm, "norm");
        FusedDepthwiseForward.requireSupported("folding as a fused depthwise convolution", spec, FusedInput.RAW);
        DepthwiseWalk forward = DepthwiseWalk.forward(device, spec, type);
        DepthwiseWalk backward = DepthwiseWalk.backward(device, spec, type, 1);
        DepthwiseWalk filter = DepthwiseWalk.backward(device, spec, type, DepthwiseWalk.filterDepth(spec));
        Fold fold = statisticsFold(forward, spec).or(reduceFold(backward, spec)).or(filter.filterFold(spec));
        return new Launches(statistics(device, forward, spec, type, norm), backwardReduce(device, backward, spec, type, norm),
                backwardFilter(device, filter, spec, type), fold);
    }

    private static Launch launch(Device device, String entry, ConvSpec spec, DType type) {
        return device.kernel(entry + "_" + type.suffix()).launch().describe("folds of depthwise " + spec + " " + type);
    }

    private static Fold statisticsFold(DepthwiseWalk walk, ConvSpec spec) {
        return walk.fold(BatchNorm.MOMENTS, spec.output());
    }

    private static Launch statistics(Device device, DepthwiseWalk walk, ConvSpec spec, DType type, NormSpec norm) {
        Shape y = spec.output();
        Launch launch = launch(device, "bn_statistics_lines_k" + spec.kernelWidth(), spec, type)
                .input("x", y.bytes(type)).output("stats", 2 * channel(spec)).output("running", 2 * channel(spec));
        statisticsFold(walk, spec).append(launch).i32(y.h()).i32(y.w()).i32(y.channelStride());
        return walk.shape(launch, 1).f32(norm.momentum());
    }

    private static Fold reduceFold(DepthwiseWalk walk, ConvSpec spec) {
        return walk.fold(2, spec.input());
    }

    private static Launch backwardReduce(Device device, DepthwiseWalk walk, ConvSpec spec, DType type, NormSpec norm) {
        Shape x = spec.input();
        long channel = channel(spec);
        Launch launch = launch(device, "bn_backward_reduce_lines", spec, type).input("x", x.bytes(type)).input("dy", x.bytes(type))
                .input("stats", 2 * channel).input("gamma", channel).input("beta", channel)
                .output("g", x.bytes(type), "dy").output("dgamma", channel).output("dbeta", channel);
        reduceFold(walk, spec).append(launch).i32(x.h()).i32(x.w()).i32(x.channelStride()).i32(DepthwiseWalk.before(spec));
        walk.shape(launch, 1);
        return Bounds.of(norm.activation()).append(launch).f32(norm.epsilon());
    }

    private static Launch backwardFilter(Device device, DepthwiseWalk walk, ConvSpec spec, DType type) {
        Fold fold = walk.filterFold(spec);
        Launch launch = launch(device, "dw_backward_filter_lines_" + DepthwiseWalk.filter(spec), spec, type);
        ConvOperands.vectors(spec, type, Layout.PADDED_NHWC).backwardFilter(launch, fold.bytes(), fold.tickets());
        return walk.shape(DepthwiseWalk.geometry(launch, spec), DepthwiseWalk.filterDepth(spec));
    }

    private static long channel(ConvSpec spec) {
        return (long) spec.input().channelStride() * Float.BYTES;
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

    /**
     * As {@link BatchNorm#backwardReduce}, of the normalisation whose output is the convolution's input: {@code x} is its raw input,
     * {@code dy} the gradient that {@link DepthwiseConv#backwardData} left. {@code g} may be {@code dy}.
     */
    public void backwardReduce(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr stats, CUdeviceptr gamma, CUdeviceptr beta, CUdeviceptr g,
                               CUdeviceptr dgamma, CUdeviceptr dbeta, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.backwardReduce().enqueue(stream, x, dy, stats, gamma, beta, g, dgamma, dbeta, workspace, tickets);
    }

    /** As {@link DepthwiseConv#backwardFilter}. */
    public void backwardFilter(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.backwardFilter().enqueue(stream, x, dy, dw, workspace, tickets);
    }
}
