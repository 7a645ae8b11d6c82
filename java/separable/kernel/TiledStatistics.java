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
 * {@link BatchNorm#statistics} of a convolution's output, summed in the order of {@link FusedPointwiseForward} or {@link FusedStemForward}
 * on the same problem: the same bits. It is what a plain schedule takes to be compared with the fused one. Shapes, refusals, lifetimes:
 * {@link BatchNorm}.
 */
public final class TiledStatistics extends DeviceOp<TiledStatistics.Launches> {

    record Launches(Launch statistics, Fold fold) {
    }

    /** On the context that is current on the calling thread. */
    public TiledStatistics(ConvSpec spec, DType type, Products products, FusedInput input, NormSpec norm) {
        super(Device.current(), device -> launches(device, spec, type, products, input, norm, UnaryOperator.identity()));
    }

    /**
     * @param spec     the convolution whose output is reduced: pointwise, or a stem
     * @param products of the fused kernel; of a stem's they do not matter
     * @param input    of the fused kernel; of a stem's it does not matter
     */
    public TiledStatistics(Device device, ConvSpec spec, DType type, Products products, FusedInput input, NormSpec norm) {
        this(device, spec, type, products, input, norm, UnaryOperator.identity());
    }

    /** @param choice changes the grid that the rule takes; for tests */
    TiledStatistics(Device device, ConvSpec spec, DType type, Products products, FusedInput input, NormSpec norm, UnaryOperator<FusedGrid> choice) {
        super(device.lend(), share -> launches(share, spec, type, products, input, norm, choice));
    }

    private static Launches launches(Device device, ConvSpec spec, DType type, Products products, FusedInput input, NormSpec norm, UnaryOperator<FusedGrid> choice) {
        requireProblem("spec", spec, type);
        requireNonNull(products, "products");
        requireNonNull(input, "input");
        requireNonNull(norm, "norm");
        Shape shape = spec.output();
        FusedGrid grid = choice.apply(spec.isPointwise() ? FusedPointwiseForward.grid(device, spec, type, products, input) : FusedStemForward.grid(device, spec, type));
        Fold fold = grid.fold(BatchNorm.MOMENTS, shape.channelStride());
        Launch launch = grid.shape(device.kernel("bn_tiled_statistics_" + type.suffix()).launch().describe("statistics " + shape + " " + type))
                .input("x", shape.bytes(type)).output("stats", 2 * FusedProblem.channelBytes(shape))
                .output("running", 2 * FusedProblem.channelBytes(shape));
        return new Launches(fold.append(launch).i32(shape.rows()).i32(shape.channelStride()).i32(grid.tile().rows())
                .i32(grid.tile().columns() / Shape.CHANNEL_MULTIPLE).f32(norm.momentum()), fold);
    }

    /** Bytes of the workspace, of any content. */
    public long workspaceBytes() {
        return launches.fold().bytes();
    }

    /** Ints of the tickets: 0 before the first use and left 0. */
    public int tickets() {
        return launches.fold().tickets();
    }

    /** As {@link BatchNorm#statistics}. */
    public void statistics(CUdeviceptr x, CUdeviceptr stats, CUdeviceptr running, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.statistics().enqueue(stream, x, stats, running, workspace, tickets);
    }
}
