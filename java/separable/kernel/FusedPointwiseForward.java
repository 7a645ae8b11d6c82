package separable.kernel;

import static java.util.Objects.requireNonNull;

import java.util.Locale;
import java.util.function.UnaryOperator;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Kernel;
import separable.device.Launch;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.NormSpec;
import separable.spec.Products;
import separable.spec.Shape;

/**
 * Pointwise convolution of the fused schedule, in one launch: makes its input from raw convolution outputs as it reads them, and leaves
 * the statistics of its own raw output for whoever reads that:
 * <pre>
 *   A = x | act(BN(x)) | BN(x) + skip | BN(x) + BN(skip)            by {@link FusedInput}
 *   y = A w^T                                                      M = N*H*W pixels: A [M, Cin], w [Cout, Cin], y [M, Cout]
 * </pre>
 *
 * <p>{@code x, skip, sum}: {@code spec.input()}; {@code y}: {@code spec.output()}; {@code w}: as {@link PointwiseConv}'s; all in the given
 * precision, channels stored as {@link Shape} says. {@code xStatistics, skipStatistics, statistics}: fp32 [4][channels], mean, biased
 * variance, {@code scale = gamma / sqrt(variance + epsilon)}, beta. {@code gamma, beta}: fp32 [Cout]. {@code running}: fp32 [2][Cout], which
 * moves towards mean and unbiased variance; all else that is written is overwritten. {@code sum}, the residual sum, is stored for later
 * readers, who take it {@link FusedInput#RAW}. Values are rounded where the plain ops store them: the results are theirs to the bit, the
 * statistics too if they are folded alike ({@link TiledStatistics}).
 *
 * <p>Refusals, lifetimes and threads: {@link ConvKernel}.
 */
public final class FusedPointwiseForward extends DeviceOp<FusedPointwiseForward.Launches> {

    record Launches(Launch forward, Fold fold) {
    }

    /** On the context that is current on the calling thread; see the other constructor. */
    public FusedPointwiseForward(ConvSpec spec, DType type, Products products, FusedInput input, Activation inputActivation, NormSpec output) {
        super(Device.current(), device -> launches(device, spec, type, products, input, inputActivation, output, UnaryOperator.identity()));
    }

    /**
     * @param spec            a pointwise convolution
     * @param products        of fp32 operands
     * @param inputActivation of {@link FusedInput#NORM}; NONE for any other
     * @param output          the normalisation of {@code y}; of its activation the kernel knows nothing
     * @throws IllegalArgumentException when {@code spec} is another kind of convolution, the activation is given to another input, or the
     *                                  device has no such products
     */
    public FusedPointwiseForward(Device device, ConvSpec spec, DType type, Products products, FusedInput input, Activation inputActivation, NormSpec output) {
        this(device, spec, type, products, input, inputActivation, output, UnaryOperator.identity());
    }

    /** @param choice changes the grid that the rule takes; for tests */
    FusedPointwiseForward(Device device, ConvSpec spec, DType type, Products products, FusedInput input, Activation inputActivation, NormSpec output,
                          UnaryOperator<FusedGrid> choice) {
        super(device.lend(), share -> launches(share, spec, type, products, input, inputActivation, output, choice));
    }

    private static Launches launches(Device device, ConvSpec spec, DType type, Products products, FusedInput input, Activation activation, NormSpec output,
                                     UnaryOperator<FusedGrid> choice) {
        requireProblem("spec", spec, type);
        requireNonNull(products, "products");
        requireNonNull(input, "input");
        requireNonNull(activation, "inputActivation");
        requireNonNull(output, "output");
        FusedProblem.requirePointwise("fused pointwise convolution", spec, type);
        FusedProblem.requireProducts("fused pointwise convolution", device, spec, type, products);
        if (input != FusedInput.NORM && activation != Activation.NONE) {
            throw new IllegalArgumentException("fused pointwise convolution " + spec + ": an input " + input + " has no activation, not "
                    + activation);
        }
        FusedGrid grid = choice.apply(grid(device, spec, type, products, input));
        Fold fold = grid.fold(BatchNorm.MOMENTS, spec.output().channelStride());
        Launch launch = grid.shape(kernel(device, grid.tile(), type, input).launch()
                .describe("fused pointwise " + spec + " " + type + " of " + input));
        inputs(launch, spec.input(), type, input);
        FusedProblem.forwardOutputs(launch, spec, type);
        fold.append(launch).i32(spec.input().rows()).i32(spec.input().channelStride()).i32(spec.output().channelStride())
                .f32(output.epsilon()).f32(output.momentum());
        return new Launches(input.normalises() ? Bounds.of(activation).append(launch) : launch, fold);
    }

    private static Kernel kernel(Device device, GemmTile tile, DType type, FusedInput input) {
        return device.kernel(tile.entry("fused_pw_" + input.name().toLowerCase(Locale.ROOT), type));
    }

    /** The rule's grid, which its statistics' twin takes too. */
    static FusedGrid grid(Device device, ConvSpec spec, DType type, Products products, FusedInput input) {
        GemmTile tile = GemmTile.forProduct(GemmTile.fusedTiles(type, products), spec.output().rows(), spec.output().channelStride(),
                spec.input().channelStride(), device.multiprocessors()).get(0);
        return FusedGrid.of(tile, spec.output(), kernel(device, tile, type, input).residents(tile.threads(), 0));
    }

    private static void inputs(Launch launch, Shape shape, DType type, FusedInput input) {
        long bytes = shape.bytes(type);
        long table = FusedProblem.tableBytes(shape);
        launch.input("x", bytes);
        FusedProblem.inputWhere(input.normalises(), launch, "xStatistics", table);
        FusedProblem.inputWhere(input.sums(), launch, "skip", bytes);
        FusedProblem.inputWhere(input == FusedInput.SUM_NORM, launch, "skipStatistics", table);
        if (input.sums()) {
            launch.output("sum", bytes);
        } else {
            launch.unused("sum");
        }
    }

    /** Bytes of the workspace, of any content. */
    public long workspaceBytes() {
        return launches.fold().bytes();
    }

    /** Ints of the tickets: 0 before the first use and left 0. */
    public int tickets() {
        return launches.fold().tickets();
    }

    /** {@code y}, {@code statistics} and {@code running}; null for what the kind of input lacks. */
    public void enqueue(CUdeviceptr x, CUdeviceptr xStatistics, CUdeviceptr skip, CUdeviceptr skipStatistics, CUdeviceptr sum, CUdeviceptr w,
                        CUdeviceptr gamma, CUdeviceptr beta, CUdeviceptr y, CUdeviceptr statistics, CUdeviceptr running,
                        CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.forward().give(x).give(xStatistics).give(skip).give(skipStatistics).give(sum).give(w).give(gamma).give(beta).give(y)
                .give(statistics).give(running).give(workspace).give(tickets).enqueueGiven(stream);
    }
}
