package separable.kernel;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.function.UnaryOperator;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Products;

/**
 * A convolution of inference with all that follows it in one launch,
 * <pre>
 *   y[p, c] = act(conv(x, w)[p, c] + bias[c]) + skip[p, c]
 * </pre>
 * which a batch normalisation with running statistics is too, once {@link FoldNorm} has put it into {@code w} and {@code bias} (Jacob
 * et al. 2018, section 3.2). Every output is summed and finished in fp32 and rounded once; the convolution's sum is that of
 * {@link DepthwiseConv}, {@link PointwiseConv} or {@link Conv}, in the same order. A dense layer is a pointwise one.
 *
 * <p>In {@link Layout#PADDED_NHWC}. {@code x}: {@code spec.input()}; {@code y, skip}: {@code spec.output()}; {@code w}: the filter as
 * those classes have it; all in the given precision. {@code bias}: fp32 {@code [stored output channels]}. Surplus channels of all of
 * them are zero, and come out zero. The method enqueues one launch and allocates nothing; not safe for use by several threads.
 */
public final class InferenceConv extends DeviceOp<Launch> {

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param activation after the bias, before {@code skip}
     * @param residual   whether {@code skip} is added
     * @throws IllegalArgumentException when {@link #supports} says no
     */
    public InferenceConv(ConvSpec spec, DType type, Activation activation, boolean residual) {
        super(Device.current(), device -> describe(device, spec, type, activation, residual, Products.EXACT, Optional.empty()));
    }

    /**
     * On {@code device}, which must stay open as long as this.
     *
     * @param activation after the bias, before {@code skip}
     * @param residual   whether {@code skip} is added
     * @throws IllegalArgumentException when {@link #supports} says no
     */
    public InferenceConv(Device device, ConvSpec spec, DType type, Activation activation, boolean residual) {
        this(device, spec, type, activation, residual, Products.EXACT);
    }

    /**
     * The same with {@code products} of fp32 operands, which mean something to pointwise convolutions alone.
     *
     * @throws IllegalArgumentException also where a pointwise one asks for TF32 and the device has none
     */
    public InferenceConv(Device device, ConvSpec spec, DType type, Activation activation, boolean residual, Products products) {
        super(device.lend(), share -> describe(share, spec, type, activation, residual, products, Optional.empty()));
    }

    /** With a given tile, so that tests can reach every one. */
    InferenceConv(Device device, ConvSpec spec, DType type, Activation activation, boolean residual, GemmTile tile) {
        super(device.lend(), share -> describe(share, spec, type, activation, residual, tile.products(), Optional.of(tile)));
    }

    /** Whether it computes {@code spec}: what {@link DepthwiseConv}, {@link PointwiseConv} or {@link Conv} supports in PADDED_NHWC. */
    public static boolean supports(ConvSpec spec, DType type) {
        Layout layout = Layout.PADDED_NHWC;
        return DepthwiseConv.supports(spec, type, layout) || PointwiseConv.supports(spec, type, layout) || Conv.supports(spec, type, layout);
    }

    private static Launch describe(Device device, ConvSpec spec, DType type, Activation activation, boolean residual, Products products,
                                   Optional<GemmTile> tile) {
        requireProblem("spec", spec, type);
        requireNonNull(activation, "activation");
        requireNonNull(products, "products");
        long outputs = Layout.PADDED_NHWC.bytes(spec.output(), type);
        ConvOperands operands = ConvOperands.vectors(spec, type, Layout.PADDED_NHWC);
        Launch launch = launch(device, spec, type, products, tile, described -> described
                .input("x", operands.input()).input("w", operands.filter()).input("bias", (long) spec.output().channelStride() * Float.BYTES)
                .input("skip", residual ? outputs : 0).output("y", outputs, "skip"));
        return Bounds.of(activation).append(launch);
    }

    private static Launch launch(Device device, ConvSpec spec, DType type, Products products, Optional<GemmTile> tile,
                                 UnaryOperator<Launch> operands) {
        if (DepthwiseConv.supports(spec, type, Layout.PADDED_NHWC)) {
            return DepthwiseNhwc.inference(device, spec, type, operands);
        }
        if (PointwiseConv.supports(spec, type, Layout.PADDED_NHWC)) {
            return PointwiseConv.inference(device, spec, type, products, tile, operands);
        }
        if (Conv.supports(spec, type, Layout.PADDED_NHWC)) {
            return Conv.inference(device, spec, type, tile, operands);
        }
        throw new IllegalArgumentException("an inference convolution cannot compute " + spec + " " + type
                + ": it takes what DepthwiseConv, PointwiseConv or Conv supports in " + Layout.PADDED_NHWC);
    }

    /**
     * {@code y} from the rest.
     *
     * @param skip null without a residual; may be {@code y}
     */
    public void run(CUdeviceptr x, CUdeviceptr w, CUdeviceptr bias, CUdeviceptr skip, CUdeviceptr y, CUstream stream) {
        launches.enqueue(stream, x, w, bias, skip, y);
    }
}
