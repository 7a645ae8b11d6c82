package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
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

    /** With given tiles, so that tests can reach every one. */
    PointwiseConv(Device device, ConvSpec spec, DType type, ConvTiles tiles) {
        if (!supports(spec, type)) {
            throw new IllegalArgumentException("pointwise convolution cannot compute " + spec
                    + ": it takes a 1x1 kernel with stride 1, one group and no padding");
        }
        this.spec = spec;
        this.split = FilterSplit.of(tiles.filter(), cout(spec), cin(spec), pixels(spec), device.multiprocessors());
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
        int multiprocessors = device.multiprocessors();
        return new ConvTiles(GemmTile.forData(GemmTile.dataTiles(type), pixels(spec), cout(spec), multiprocessors),
                GemmTile.forData(GemmTile.dataTiles(type), pixels(spec), cin(spec), multiprocessors),
                GemmTile.forFilter(GemmTile.filterTiles(type), cout(spec), cin(spec)));
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
