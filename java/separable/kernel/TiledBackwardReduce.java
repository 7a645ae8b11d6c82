package separable.kernel;

import static java.util.Objects.requireNonNull;

import java.util.function.UnaryOperator;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.NormSpec;
import separable.spec.Products;
import separable.spec.Shape;

/**
 * {@link BatchNorm#backwardReduce} of the normalisation before a pointwise convolution, summed in the order of
 * {@link FusedPointwiseBackward} on the same problem: the same bits. It is what a plain schedule takes to be compared with the fused one.
 * Shapes, refusals, lifetimes: {@link BatchNorm}.
 */
public final class TiledBackwardReduce extends DeviceOp<TiledBackwardReduce.Launches> {

    record Launches(Launch reduce, Fold fold) {
    }

    /** On the context that is current on the calling thread. */
    public TiledBackwardReduce(ConvSpec spec, DType type, Products products, FusedGradient gradient, FusedPointwiseBackward.Input input, NormSpec norm, FusedPointwiseBackward.Form form) {
        super(Device.current(), device -> launches(device, spec, type, products, gradient, input, norm, form, UnaryOperator.identity()));
    }

    /**
     * @param spec the pointwise convolution whose input is normalised
     * @param form as the fused kernel has it, like {@code products}, {@code gradient} and {@code input}
     * @param norm that normalisation
     */
    public TiledBackwardReduce(Device device, ConvSpec spec, DType type, Products products, FusedGradient gradient, FusedPointwiseBackward.Input input, NormSpec norm,
                               FusedPointwiseBackward.Form form) {
        this(device, spec, type, products, gradient, input, norm, form, UnaryOperator.identity());
    }

    /** @param choice changes the grid that the rule takes; for tests */
    TiledBackwardReduce(Device device, ConvSpec spec, DType type, Products products, FusedGradient gradient, FusedPointwiseBackward.Input input, NormSpec norm,
                        FusedPointwiseBackward.Form form, UnaryOperator<FusedGrid> choice) {
        super(device.lend(), share -> launches(share, spec, type, products, gradient, input, norm, form, choice));
    }

    private static Launches launches(Device device, ConvSpec spec, DType type, Products products, FusedGradient gradient, FusedPointwiseBackward.Input input, NormSpec norm,
                        FusedPointwiseBackward.Form form, UnaryOperator<FusedGrid> choice) {
        requireProblem("spec", spec, type);
        requireNonNull(gradient, "gradient");
        requireNonNull(norm, "norm");
        requireNonNull(form, "form");
        Shape shape = spec.input();
        FusedGrid grid = choice.apply(FusedPointwiseBackward.dataGrid(device,
                new FusedPointwiseBackward.Problem(spec, type, products, gradient, input, false, norm, form)));
        Fold fold = grid.fold(FusedProblem.GRADIENT_SUMS, shape.channelStride());
        long bytes = shape.bytes(type);
        long channel = FusedProblem.channelBytes(shape);
        Launch launch = grid.shape(device.kernel("bn_tiled_backward_reduce_" + type.suffix()).launch()
                        .describe("batch normalisation " + shape + " " + type))
                .input("x", bytes).input("dy", bytes).input("stats", 2 * channel).input("gamma", channel).input("beta", channel)
                .output("g", bytes, "dy").output("dgamma", channel).output("dbeta", channel);
        fold.append(launch).i32(shape.rows()).i32(shape.channelStride()).i32(grid.tile().rows())
                .i32(grid.tile().columns() / Shape.CHANNEL_MULTIPLE).f32(norm.epsilon());
        return new Launches(Bounds.of(norm.activation()).append(launch), fold);
    }

    /** Bytes of the workspace, of any content. */
    public long workspaceBytes() {
        return launches.fold().bytes();
    }

    /** Ints of the tickets: 0 before the first use and left 0. */
    public int tickets() {
        return launches.fold().tickets();
    }

    /** As {@link BatchNorm#backwardReduce}. */
    public void backwardReduce(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr stats, CUdeviceptr gamma, CUdeviceptr beta, CUdeviceptr g,
                               CUdeviceptr dgamma, CUdeviceptr dbeta, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.reduce().enqueue(stream, x, dy, stats, gamma, beta, g, dgamma, dbeta, workspace, tickets);
    }
}
