package separable.kernel;

import java.util.List;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Pass;
import separable.spec.Shape;

/**
 * Pointwise (1x1) convolution, and on {@link Shape#matrix} a dense layer, as one matrix product each: with {@code M = N*H*W}
 * pixels
 * <pre>
 *   forward           y  = x w^T
 *   data gradient     dx = dy w
 *   filter gradient   dw = dy^T x
 * </pre>
 *
 * <p>{@code x, dx}: {@code spec.input()}, a matrix [M, Cin]; {@code y, dy}: {@code spec.output()}, a matrix [M, Cout]; both in the
 * given precision. {@code w}: [Cout, Cin] in the same precision; {@code dw}: [Cout, Cin] in fp32. Channels are stored ones
 * ({@link Shape#channelStride()}), surplus rows and columns of {@code w} zero. Sums are fp32, outputs are overwritten. fp32 runs on
 * ordinary lanes, the 16-bit precisions on tensor cores.
 *
 * <p>Methods enqueue one kernel and allocate nothing. Not safe for use by several threads.
 */
public final class PointwiseConv {

    private final ConvSpec spec;
    private final FilterSplit split;
    private final Launch forward;
    private final Launch backwardData;
    private final Launch backwardFilter;

    /** @throws IllegalArgumentException when {@code spec} is no pointwise convolution */
    public PointwiseConv(Device device, ConvSpec spec, DType type) {
        this(device, spec, type, tiles(device, spec, type));
    }

    /** With one of {@link #variants} for its pass; the other passes as the rule says. */
    public PointwiseConv(Device device, ConvSpec spec, DType type, Variant variant) {
        this(device, spec, type, tiles(device, spec, type).with(variant));
    }

    /** With given tiles, so that tests can reach every one. */
    PointwiseConv(Device device, ConvSpec spec, DType type, ConvTiles tiles) {
        if (!supports(spec, type)) {
            throw new IllegalArgumentException("pointwise convolution cannot compute " + spec
                    + ": it takes a 1x1 kernel with stride 1, one group and no padding");
        }
        this.spec = spec;
        this.split = tiles.split(cout(spec), cin(spec), pixels(spec), device.multiprocessors());
        String problem = "pointwise " + spec + " " + type;
        forward = dataLaunch(device, tiles.forward(), "pw_forward", type, cout(spec)).describe(problem);
        backwardData = dataLaunch(device, tiles.backwardData(), "pw_backward_data", type, cin(spec)).describe(problem);
        backwardFilter = device.kernel(tiles.filter().entry("pw_backward_filter", type)).launch().describe(problem)
                .grid(split.tiles(), split.splits(), 1).block(tiles.filter().threads())
                .pointer().pointer().pointer().pointer().pointer()
                .i32(pixels(spec)).i32(cin(spec)).i32(cout(spec)).i32(split.depthPerSplit());
    }

    private Launch dataLaunch(Device device, GemmTile tile, String operation, DType type, int width) {
        return device.kernel(tile.entry(operation, type)).launch()
                .grid(VectorGrid.blocks(pixels(spec), tile.rows()), VectorGrid.blocks(width, tile.columns()), 1).block(tile.threads())
                .pointer().pointer().pointer()
                .i32(pixels(spec)).i32(cin(spec)).i32(cout(spec));
    }

    /** The tile of each of the three products. */
    private static ConvTiles tiles(Device device, ConvSpec spec, DType type) {
        return new ConvTiles(dataTiles(device, spec, type, cout(spec)).get(0), dataTiles(device, spec, type, cin(spec)).get(0),
                filterTiles(spec, type).get(0));
    }

    private static List<GemmTile> dataTiles(Device device, ConvSpec spec, DType type, int width) {
        return GemmTile.forData(GemmTile.dataTiles(type), pixels(spec), width, device.multiprocessors());
    }

    private static List<GemmTile> filterTiles(ConvSpec spec, DType type) {
        return GemmTile.forFilter(GemmTile.filterTiles(type), cout(spec), cin(spec));
    }

    /** The ways to compute {@code pass} of a problem that {@link #supports supports} accepts, the rule's choice first. */
    public static List<Variant> variants(Device device, ConvSpec spec, DType type, Pass pass) {
        return switch (pass) {
            case FORWARD -> GemmVariant.ofData(pass, dataTiles(device, spec, type, cout(spec)));
            case BACKWARD_DATA -> GemmVariant.ofData(pass, dataTiles(device, spec, type, cin(spec)));
            case BACKWARD_FILTER -> GemmVariant.ofFilter(filterTiles(spec, type), cout(spec), cin(spec), pixels(spec), device.multiprocessors());
        };
    }

    public static boolean supports(ConvSpec spec, DType type) {
        return spec.isPointwise();
    }

    /** Stored elements of {@code w} and {@code dw}. */
    public int filterElements() {
        return Math.multiplyExact(cout(spec), cin(spec));
    }

    /** Bytes of the workspace that {@link #backwardFilter} needs, of any content. */
    public long workspaceBytes() {
        return split.workspaceBytes();
    }

    /** Ints of the tickets that {@link #backwardFilter} needs: zero before the first use, and left zero. */
    public int tickets() {
        return split.tickets();
    }

    /** {@code y = x w^T}, rounded once. */
    public void forward(CUdeviceptr x, CUdeviceptr w, CUdeviceptr y, CUstream stream) {
        forward.enqueue(stream, x, w, y);
    }

    /** {@code dx = dy w}, rounded once. */
    public void backwardData(CUdeviceptr dy, CUdeviceptr w, CUdeviceptr dx, CUstream stream) {
        backwardData.enqueue(stream, dy, w, dx);
    }

    /** {@code dw = dy^T x}, fp32. {@code workspace} may be null when {@link #workspaceBytes} is 0. */
    public void backwardFilter(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        backwardFilter.enqueue(stream, x, dy, dw, workspace, tickets);
    }

    private static int pixels(ConvSpec spec) {
        return spec.input().rows();
    }

    private static int cin(ConvSpec spec) {
        return spec.input().channelStride();
    }

    private static int cout(ConvSpec spec) {
        return spec.output().channelStride();
    }
}
