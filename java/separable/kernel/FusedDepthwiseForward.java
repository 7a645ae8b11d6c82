package separable.kernel;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.NormSpec;
import separable.spec.Shape;

/**
 * Depthwise convolution of what a layer before left raw, with the statistics of the batch normalisation behind it, in one launch:
 * {@code A = act(BN(yPrev))} is made on load and rounded as if it were stored, {@code y} is the convolution of it ({@link DepthwiseConv}),
 * and the last CTA folds mean and variance of {@code y}. It equals {@link BatchNorm#forward} and {@link DepthwiseConv#forward} to the bit.
 *
 * <p>{@code yPrev}: {@code spec.input()}; {@code w}: [KH, KW, C]; {@code y}: {@code spec.output()}; in the given precision, channels padded
 * as in {@link Shape}. {@code statisticsPrev}: fp32 [4][C] as this op leaves them for the layer before; {@code statistics}: mean, biased
 * variance, {@code gamma / sqrt(variance + epsilon)}, {@code beta}. {@code gamma, beta}: fp32 [C], {@code running}: fp32 [2][C], which
 * moves as in {@link BatchNorm}. All else is overwritten.
 *
 * <p>Errors and lifetimes as in {@link ConvKernel}. Not safe for use by several threads.
 */
public final class FusedDepthwiseForward extends DeviceOp<FusedDepthwiseForward.Launches> {

    record Launches(Launch forward, Fold fold) {
    }

    /** On the context that is current on the calling thread; as the other. */
    public FusedDepthwiseForward(ConvSpec spec, DType type, FusedInput input, Activation inputActivation, NormSpec output) {
        super(Device.current(), device -> launches(device, spec, type, input, inputActivation, output));
    }

    /**
     * @param input           {@link FusedInput#RAW}, then {@code yPrev} is the input and there are no statistics of it, or {@link FusedInput#NORM}
     * @param inputActivation of {@code A}; none for RAW
     * @param output          the normalisation behind, whose activation does not matter here
     * @throws IllegalArgumentException unless {@link #supports} the convolution, or for another kind of input
     */
    public FusedDepthwiseForward(Device device, ConvSpec spec, DType type, FusedInput input, Activation inputActivation, NormSpec output) {
        super(device.lend(), share -> launches(share, spec, type, input, inputActivation, output));
    }

    /** Depthwise, a filter of 3x3 or 5x5, stride 1 or 2, no dilation; any padding. */
    public static boolean supports(ConvSpec spec) {
        return spec.isDepthwise() && DepthwiseVariant.isSpecialised(spec);
    }

    /** Refuses what {@code op} has no kernel for. */
    static void requireSupported(String op, ConvSpec spec, FusedInput input) {
        Optional<String> refusal = !supports(spec) ? Optional.of("it takes depthwise filters of 3x3 and 5x5, strides 1 and 2, without dilation")
                : input.sums() ? Optional.of("its input is RAW or NORM, not " + input) : Optional.empty();
        if (refusal.isPresent()) {
            throw new IllegalArgumentException(op + " cannot compute " + spec + ": " + refusal.get() + "; the plain schedule computes it");
        }
    }

    private static Launches launches(Device device, ConvSpec spec, DType type, FusedInput input, Activation inputActivation, NormSpec output) {
        requireProblem("spec", spec, type);
        requireNonNull(input, "input");
        requireNonNull(inputActivation, "inputActivation");
        requireNonNull(output, "output");
        requireSupported("fused depthwise convolution", spec, input);
        DepthwiseWalk walk = DepthwiseWalk.forward(device, spec, type);
        Fold fold = walk.fold(BatchNorm.MOMENTS, spec.output());
        long channel = (long) spec.output().channelStride() * Float.BYTES;
        ConvOperands conv = ConvOperands.vectors(spec, type, Layout.PADDED_NHWC);
        String entry = "fused_dw_forward_" + DepthwiseWalk.filter(spec) + (input.normalises() ? "_norm_" : "_raw_") + type.suffix();
        Launch launch = device.kernel(entry).launch().describe("fused depthwise " + spec + " " + type)
                .input(input.normalises() ? "yPrev" : "x", conv.input())
                .input("statisticsPrev", input.normalises() ? 4 * channel : 0)
                .input("w", conv.filter()).input("gamma", channel).input("beta", channel)
                .output("y", conv.output()).output("statistics", 4 * channel).output("running", 2 * channel);
        walk.shape(DepthwiseWalk.geometry(fold.append(launch), spec), 1);
        Bounds.of(inputActivation).append(launch).f32(output.epsilon()).f32(output.momentum());
        return new Launches(launch, fold);
    }

    /** Bytes of the workspace, of any content. */
    public long workspaceBytes() {
        return launches.fold().bytes();
    }

    /** Ints of the tickets: zero before the first use, and left zero. */
    public int tickets() {
        return launches.fold().tickets();
    }

    /** Everything, in one launch. @param statisticsPrev ignored for {@link FusedInput#RAW}, null best */
    public void enqueue(CUdeviceptr yPrev, CUdeviceptr statisticsPrev, CUdeviceptr w, CUdeviceptr gamma, CUdeviceptr beta, CUdeviceptr y,
                        CUdeviceptr statistics, CUdeviceptr running, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.forward().enqueue(stream, yPrev, statisticsPrev, w, gamma, beta, y, statistics, running, workspace, tickets);
    }
}
