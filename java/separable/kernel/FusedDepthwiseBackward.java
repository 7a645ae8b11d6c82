package separable.kernel;

import static java.util.Objects.requireNonNull;

import java.util.Locale;
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
 * Gradients of a depthwise convolution between two batch normalisations, in one launch. The gradient of the convolution's output,
 * {@code dY = scale * (g - c0 - (y - mean) * c1)}, is made on load; {@code A = act(BN(yPrev))}, its input, too. With
 * <pre>
 *   dA  = the transpose of the convolution, of dY        dw = the same in w, of A and dY
 *   gPrev = dA where the activation is strictly inside its bounds, else 0
 *   dbetaPrev = sum gPrev        dgammaPrev = sum gPrev * (yPrev - mean) / sqrt(variance + epsilon)
 * </pre>
 * Every value is rounded where separate launches would store it: {@code gPrev} equals {@link BatchNorm#backwardData}, {@link
 * DepthwiseConv#backwardData} and {@link BatchNorm#backwardReduce} one after the other to the bit, and the sums are those that {@link
 * DepthwiseFolds} makes of stored tensors.
 *
 * <p>{@code g, y}: {@code spec.output()}; {@code yPrev, gPrev}: {@code spec.input()}; {@code w}: [KH, KW, C]; in the given precision,
 * channels padded as in {@link Shape}. {@code statistics, statisticsPrev}: fp32 [4][C] as {@link FusedDepthwiseForward} leaves them.
 * {@code sums, sumsPrev}: fp32 [2][C], the coefficients {@code c0 = dbeta / n} and {@code c1 = dgamma / (n * sqrt(variance + epsilon))} of
 * the normalisation behind and before. {@code dgammaPrev, dbetaPrev}: fp32 [C]; {@code dw}: fp32 like {@code w}. Outputs are overwritten.
 *
 * <p>Errors and lifetimes as in {@link ConvKernel}. Not safe for use by several threads.
 */
public final class FusedDepthwiseBackward extends DeviceOp<FusedDepthwiseBackward.Launches> {

    /** What is computed. 5x5 filters have too many taps for a thread that computes both: they take two launches. */
    public enum Form {
        BOTH, DATA, FILTER;

        boolean data() {
            return this != FILTER;
        }

        boolean filter() {
            return this != DATA;
        }
    }

    record Launches(Launch backward, Fold fold) {
    }

    /** On the context that is current on the calling thread; as the other. */
    public FusedDepthwiseBackward(ConvSpec spec, DType type, FusedInput input, NormSpec before, Form form) {
        super(Device.current(), device -> launches(device, spec, type, input, before, form));
    }

    /**
     * @param input  {@link FusedInput#NORM}, or {@link FusedInput#RAW}: then the input is {@code yPrev} itself, {@code gPrev} its gradient,
     *               and there are no statistics and sums of it
     * @param before the normalisation before, with its activation; does not matter for RAW
     * @throws IllegalArgumentException unless {@link #supports} the convolution in this form, or for another kind of input
     */
    public FusedDepthwiseBackward(Device device, ConvSpec spec, DType type, FusedInput input, NormSpec before, Form form) {
        super(device.lend(), share -> launches(share, spec, type, input, before, form));
    }

    /** What {@link FusedDepthwiseForward} supports, and of 5x5 filters not both gradients. */
    public static boolean supports(ConvSpec spec, Form form) {
        return FusedDepthwiseForward.supports(spec) && (form != Form.BOTH || spec.kernelHeight() == 3);
    }

    private static Launches launches(Device device, ConvSpec spec, DType type, FusedInput input, NormSpec before, Form form) {
        requireProblem("spec", spec, type);
        requireNonNull(input, "input");
        requireNonNull(before, "before");
        requireNonNull(form, "form");
        FusedDepthwiseForward.requireSupported("fused gradients of depthwise convolution", spec, input);
        if (!supports(spec, form)) {
            throw new IllegalArgumentException("fused gradients of depthwise convolution cannot compute " + form + " of " + spec
                    + ": 5x5 filters take DATA and FILTER, a launch each");
        }
        boolean folds = input.normalises() && form.data();
        DepthwiseWalk walk = DepthwiseWalk.backward(device, spec, type, form.data() ? 1 : DepthwiseWalk.filterDepth(spec));
        Fold fold = fold(walk, spec, form, folds);
        Launch launch = device.kernel(entry(spec, type, input, form)).launch().describe("fused depthwise gradients " + form + " " + spec + " " + type);
        operands(launch, spec, type, input, form, folds);
        // A kernel that folds nothing has the two parameters all the same.
        DepthwiseWalk.geometry(launch.scratch("workspace", fold.bytes()).output("tickets", (long) fold.tickets() * Integer.BYTES, Integer.BYTES), spec);
        Bounds.of(before.activation()).append(walk.shape(launch, form.data() ? 1 : DepthwiseWalk.filterDepth(spec))).f32(before.epsilon());
        return new Launches(launch, fold);
    }

    /** One fold of everything: the two sums of the normalisation before and those of the filter. */
    private static Fold fold(DepthwiseWalk walk, ConvSpec spec, Form form, boolean normalises) {
        if (!normalises) {
            return form.filter() ? walk.filterFold(spec) : Fold.NONE;
        }
        return walk.fold(2 + (form.filter() ? spec.kernelHeight() * spec.kernelWidth() : 0), spec.input());
    }

    private static String entry(ConvSpec spec, DType type, FusedInput input, Form form) {
        return "fused_dw_backward_" + form.name().toLowerCase(Locale.ROOT) + "_" + DepthwiseWalk.filter(spec)
                + (input.normalises() ? "_norm_" : "_raw_") + type.suffix();
    }

    private static void operands(Launch launch, ConvSpec spec, DType type, FusedInput input, Form form, boolean folds) {
        ConvOperands conv = ConvOperands.vectors(spec, type, Layout.PADDED_NHWC);
        long channel = (long) spec.input().channelStride() * Float.BYTES;
        long prev = folds ? channel : 0;
        launch.input("g", conv.output()).input("y", conv.output()).input("statistics", 4 * channel).input("sums", 2 * channel)
                .input("yPrev", form.filter() || folds ? conv.input() : 0).input("statisticsPrev", input.normalises() ? 4 * channel : 0)
                .input("w", form.data() ? conv.filter() : 0)
                .output("gPrev", form.data() ? conv.input() : 0).output("dgammaPrev", prev).output("dbetaPrev", prev)
                .output("sumsPrev", 2 * prev).output("dw", form.filter() ? conv.filterElements() * Float.BYTES : 0);
    }

    /** Bytes of the workspace, of any content. */
    public long workspaceBytes() {
        return launches.fold().bytes();
    }

    /** Ints of the tickets: zero before the first use, and left zero. */
    public int tickets() {
        return launches.fold().tickets();
    }

    /**
     * Everything the form computes, in one launch. What it does not need or compute is ignored, null best: {@code w, gPrev, dgammaPrev,
     * dbetaPrev, sumsPrev} for FILTER, {@code dw} for DATA, {@code statisticsPrev, dgammaPrev, dbetaPrev, sumsPrev} for RAW.
     */
    public void enqueue(CUdeviceptr g, CUdeviceptr y, CUdeviceptr statistics, CUdeviceptr sums, CUdeviceptr yPrev, CUdeviceptr statisticsPrev,
                        CUdeviceptr w, CUdeviceptr gPrev, CUdeviceptr dgammaPrev, CUdeviceptr dbetaPrev, CUdeviceptr sumsPrev, CUdeviceptr dw,
                        CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.backward().give(g).give(y).give(statistics).give(sums).give(yPrev).give(statisticsPrev).give(w).give(gPrev)
                .give(dgammaPrev).give(dbetaPrev).give(sumsPrev).give(dw).give(workspace).give(tickets).enqueueGiven(stream);
    }
}
