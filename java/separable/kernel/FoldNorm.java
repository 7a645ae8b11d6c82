package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Shape;

/**
 * Puts a batch normalisation with running statistics into the filter and the bias of the convolution before it, for
 * {@link InferenceConv} (Jacob et al. 2018, section 3.2): for every output channel c
 * <pre>
 *   scale[c]  = gamma[c] / sqrt(variance[c] + epsilon)
 *   folded[e] = w[e] * scale[channel of e]                     rounded once
 *   shift[c]  = beta[c] + (bias[c] - mean[c]) * scale[c]
 * </pre>
 *
 * <p>{@code w}: fp32, the filter in {@link Layout#PADDED_NHWC}; {@code folded}: the same in the given precision. {@code bias, gamma, beta,
 * shift}: fp32 {@code [stored output channels]}; {@code running}: fp32 {@code [2][stored output channels]}, means and then variances.
 * Surplus channels of {@code gamma}, {@code beta} and {@code w} are zero, and so are those of the results. The method enqueues one launch
 * and allocates nothing; not safe for use by several threads.
 */
public final class FoldNorm extends DeviceOp<Launch> {

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param type    of {@code folded}
     * @param biased  whether the convolution has a bias of its own
     * @param epsilon added to the variance; above 0
     */
    public FoldNorm(ConvSpec spec, DType type, boolean biased, float epsilon) {
        super(Device.current(), device -> launch(device, spec, type, biased, epsilon));
    }

    /**
     * On {@code device}, which must stay open as long as this.
     *
     * @param type    of {@code folded}
     * @param biased  whether the convolution has a bias of its own
     * @param epsilon added to the variance; above 0
     */
    public FoldNorm(Device device, ConvSpec spec, DType type, boolean biased, float epsilon) {
        super(device.lend(), share -> launch(share, spec, type, biased, epsilon));
    }

    private static Launch launch(Device device, ConvSpec spec, DType type, boolean biased, float epsilon) {
        requireProblem("spec", spec, type);
        if (!(epsilon > 0 && epsilon < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("folding a batch normalisation into " + spec + ": epsilon " + epsilon + " must be above 0");
        }
        ConvKernel.refusalOfFilter(spec, Layout.PADDED_NHWC).ifPresent(reason -> {
            throw new IllegalArgumentException("folding a batch normalisation into " + spec + ": " + reason);
        });
        int elements = Math.toIntExact(Layout.PADDED_NHWC.filterElements(spec));
        int channels = spec.output().channelStride();
        int vectors = elements / Shape.CHANNEL_MULTIPLE;
        long perChannel = (long) channels * Float.BYTES;
        return device.kernel("fold_norm_" + type.suffix()).launch().describe("filter of " + spec + " " + type)
                .input("w", (long) elements * Float.BYTES).input("bias", biased ? perChannel : 0).input("gamma", perChannel)
                .input("beta", perChannel).input("running", 2 * perChannel)
                .output("folded", (long) elements * type.bytes()).output("shift", perChannel)
                .i32(vectors).i32(channels).i32(spec.isDepthwise() ? 1 : elements / channels).f32(epsilon)
                .grid(VectorGrid.blocks(vectors, VectorGrid.THREADS), 1, 1).block(VectorGrid.THREADS);
    }

    /**
     * {@code folded} and {@code shift} from the rest.
     *
     * @param bias null without a bias
     */
    public void run(CUdeviceptr w, CUdeviceptr bias, CUdeviceptr gamma, CUdeviceptr beta, CUdeviceptr running, CUdeviceptr folded,
                    CUdeviceptr shift, CUstream stream) {
        launches.enqueue(stream, w, bias, gamma, beta, running, folded, shift);
    }
}
