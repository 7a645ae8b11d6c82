package separable.kernel;

import static java.util.Objects.requireNonNull;

import java.util.function.UnaryOperator;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Kernel;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.NormSpec;
import separable.spec.Shape;

/**
 * The first convolution of the fused schedule, in one launch: {@link Conv#forward} of a picture as it is, and the statistics of its raw
 * output for whoever reads that.
 *
 * <p>{@code x}: {@code spec.input()}; {@code y}: {@code spec.output()}; {@code w}: as {@link Conv}'s. {@code gamma, beta, statistics, running}:
 * as {@link FusedPointwiseForward}'s. The results are those of the plain ops to the bit, the statistics too if they are folded alike
 * ({@link TiledStatistics}). Refusals, lifetimes and threads: {@link ConvKernel}.
 */
public final class FusedStemForward extends DeviceOp<FusedStemForward.Launches> {

    record Launches(Launch forward, Fold fold) {
    }

    /** On the context that is current on the calling thread; see the other constructor. */
    public FusedStemForward(ConvSpec spec, DType type, NormSpec output) {
        super(Device.current(), device -> launches(device, spec, type, output, UnaryOperator.identity()));
    }

    /**
     * @param output the normalisation of {@code y}; of its activation the kernel knows nothing
     * @throws IllegalArgumentException for a problem that {@link Conv} cannot compute, or more channels than its grid has blocks for
     */
    public FusedStemForward(Device device, ConvSpec spec, DType type, NormSpec output) {
        this(device, spec, type, output, UnaryOperator.identity());
    }

    /** @param choice changes the grid that the rule takes; for tests */
    FusedStemForward(Device device, ConvSpec spec, DType type, NormSpec output, UnaryOperator<FusedGrid> choice) {
        super(device.lend(), share -> launches(share, spec, type, output, choice));
    }

    private static Launches launches(Device device, ConvSpec spec, DType type, NormSpec output, UnaryOperator<FusedGrid> choice) {
        requireProblem("spec", spec, type);
        requireNonNull(output, "output");
        FusedProblem.requireStem("fused stem", spec, type);
        FusedGrid grid = choice.apply(grid(device, spec, type));
        Fold fold = grid.fold(BatchNorm.MOMENTS, spec.output().channelStride());
        Launch launch = grid.shape(kernel(device, spec, type, grid.tile()).launch().describe("fused stem " + spec + " " + type))
                .input("x", spec.input().bytes(type));
        fold.append(FusedProblem.forwardOutputs(launch, spec, type));
        return new Launches(Conv.geometry(launch, spec, true).f32(output.epsilon()).f32(output.momentum()), fold);
    }

    private static Kernel kernel(Device device, ConvSpec spec, DType type, GemmTile tile) {
        return device.kernel(tile.entry(Conv.hasFewChannels(spec) ? "fused_stem_few_forward" : "fused_stem_forward", type));
    }

    /** The rule's grid, which its statistics' twin takes too. */
    static FusedGrid grid(Device device, ConvSpec spec, DType type) {
        Shape output = spec.output();
        GemmTile tile = GemmTile.forData(GemmTile.stemTiles(type), output.rows(), output.channelStride(), device.multiprocessors()).get(0);
        return FusedGrid.of(tile, output, kernel(device, spec, type, tile).residents(tile.threads(), 0));
    }

    /** Bytes of the workspace, of any content. */
    public long workspaceBytes() {
        return launches.fold().bytes();
    }

    /** Ints of the tickets: 0 before the first use and left 0. */
    public int tickets() {
        return launches.fold().tickets();
    }

    /** {@code y}, {@code statistics} and {@code running}. */
    public void enqueue(CUdeviceptr x, CUdeviceptr w, CUdeviceptr gamma, CUdeviceptr beta, CUdeviceptr y, CUdeviceptr statistics,
                        CUdeviceptr running, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.forward().enqueue(stream, x, w, gamma, beta, y, statistics, running, workspace, tickets);
    }
}
