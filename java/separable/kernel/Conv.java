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
 * General convolution, in which every output channel sees every input channel: any kernel, stride, dilation and padding. With S
 * the stride and D the dilation
 * <pre>
 *   forward   y[n, oy, ox, co] = sum over ky, kx, ci of x[n, oy*S - top + ky*D, ox*S - left + kx*D, ci] * w[co, ky, kx, ci]
 * </pre>
 * where taps outside the picture are zero, and the two gradients are its transposes. Computed as matrix products over patches
 * that are gathered on the fly: nothing is copied out beforehand. Pictures with up to four channels have kernels of their own for
 * the forward pass and the filter gradient, which leave the surplus channels out.
 *
 * <p>{@code x, dx}: {@code spec.input()}; {@code y, dy}: {@code spec.output()}; both in the given precision. {@code w}: [Cout, KH,
 * KW, Cin] in the same precision; {@code dw} alike in fp32. Channels are stored ones ({@link Shape#channelStride()}), surplus
 * elements of {@code w} zero. Sums are fp32, outputs are overwritten.
 *
 * <p>Methods enqueue one kernel and allocate nothing. Not safe for use by several threads.
 */
public final class Conv {

    /** With at most so many input channels the surplus ones are worth leaving out of the sums. */
    private static final int FEW_CHANNELS = 4;

    private final ConvSpec spec;
    private final FilterSplit split;
    private final Launch forward;
    private final Launch backwardData;
    private final Launch backwardFilter;

    /** @throws IllegalArgumentException when {@code spec} has groups, or a filter of more than 2^31 stored elements */
    public Conv(Device device, ConvSpec spec, DType type) {
        this(device, spec, type, tiles(device, spec, type));
    }

    /** With one of {@link #variants} for its pass; the other passes as the rule says. */
    public Conv(Device device, ConvSpec spec, DType type, Variant variant) {
        this(device, spec, type, tiles(device, spec, type).with(variant));
    }

    /** With given tiles, so that tests can reach every one. */
    Conv(Device device, ConvSpec spec, DType type, ConvTiles tiles) {
        if (!supports(spec, type)) {
            throw new IllegalArgumentException("general convolution cannot compute " + spec + ": it takes one group and at most "
                    + Integer.MAX_VALUE + " filter elements");
        }
        this.spec = spec;
        boolean few = hasFewChannels(spec);
        Shape in = spec.input();
        Shape out = spec.output();

        forward = geometry(pointers(device, tiles.forward().entry(few ? "conv_few_forward" : "conv_forward", type), type, 3), few);
        over(forward, tiles.forward(), out);

        backwardData = geometry(pointers(device, tiles.backwardData().entry("conv_backward_data", type), type, 3), false);
        over(backwardData, tiles.backwardData(), in);

        split = tiles.split(out.channelStride(), filterColumns(spec), out.rows(), device.multiprocessors());
        String entry = tiles.filter().entry(few ? "conv_few_backward_filter" : "conv_backward_filter", type);
        backwardFilter = geometry(pointers(device, entry, type, 5), few)
                .i32(split.depthPerSplit())
                .grid(split.tiles(), split.splits(), 1).block(tiles.filter().threads());
    }

    private static ConvTiles tiles(Device device, ConvSpec spec, DType type) {
        return new ConvTiles(forwardTiles(device, spec, type).get(0), backwardTiles(device, spec, type).get(0), filterTiles(spec, type).get(0));
    }

    private static List<GemmTile> forwardTiles(Device device, ConvSpec spec, DType type) {
        List<GemmTile> all = GemmTile.dataTiles(type);
        return GemmTile.forData(hasFewChannels(spec) ? GemmTile.narrow(all) : all, spec.output().rows(), spec.output().channelStride(),
                device.multiprocessors());
    }

    private static List<GemmTile> backwardTiles(Device device, ConvSpec spec, DType type) {
        return GemmTile.forData(GemmTile.dataTiles(type), spec.input().rows(), spec.input().channelStride(), device.multiprocessors());
    }

    private static List<GemmTile> filterTiles(ConvSpec spec, DType type) {
        List<GemmTile> all = GemmTile.filterTiles(type);
        return GemmTile.forFilter(hasFewChannels(spec) ? GemmTile.narrow(all) : all, spec.output().channelStride(), filterColumns(spec));
    }

    /** The ways to compute {@code pass} of a problem that {@link #supports supports} accepts, the rule's choice first. */
    public static List<Variant> variants(Device device, ConvSpec spec, DType type, Pass pass) {
        return switch (pass) {
            case FORWARD -> GemmVariant.ofData(pass, forwardTiles(device, spec, type));
            case BACKWARD_DATA -> GemmVariant.ofData(pass, backwardTiles(device, spec, type));
            case BACKWARD_FILTER -> GemmVariant.ofFilter(filterTiles(spec, type), spec.output().channelStride(), filterColumns(spec),
                    spec.output().rows(), device.multiprocessors());
        };
    }

    private static boolean hasFewChannels(ConvSpec spec) {
        return spec.input().c() <= FEW_CHANNELS;
    }

    /** Columns of the filter as a matrix with a row an output channel. */
    private static int filterColumns(ConvSpec spec) {
        Shape in = spec.input();
        return spec.kernelHeight() * spec.kernelWidth() * (hasFewChannels(spec) ? in.c() : in.channelStride());
    }

    private Launch pointers(Device device, String entry, DType type, int count) {
        Launch launch = device.kernel(entry).launch().describe("convolution " + spec + " " + type);
        for (int i = 0; i < count; i++) {
            launch.pointer();
        }
        return launch;
    }

    /** Appends the geometry in the order of conv.cu, and the real number of channels to kernels that want it. */
    private Launch geometry(Launch launch, boolean withChannels) {
        Shape in = spec.input();
        Shape out = spec.output();
        launch.i32(in.n()).i32(in.h()).i32(in.w()).i32(in.channelStride())
                .i32(out.h()).i32(out.w()).i32(out.channelStride())
                .i32(spec.kernelHeight()).i32(spec.kernelWidth()).i32(spec.stride()).i32(spec.dilation())
                .i32(spec.padding().top()).i32(spec.padding().left());
        return withChannels ? launch.i32(in.c()) : launch;
    }

    /** One block for every tile of {@code written}. */
    private static void over(Launch launch, GemmTile tile, Shape written) {
        launch.grid(VectorGrid.blocks(written.rows(), tile.rows()), VectorGrid.blocks(written.channelStride(), tile.columns()), 1)
                .block(tile.threads());
    }

    public static boolean supports(ConvSpec spec, DType type) {
        return spec.groups() == 1 && storedFilter(spec) <= Integer.MAX_VALUE;
    }

    /** Stored elements of {@code w} and {@code dw}. */
    public int filterElements() {
        return (int) storedFilter(spec);
    }

    private static long storedFilter(ConvSpec spec) {
        return (long) spec.output().channelStride() * spec.kernelHeight() * spec.kernelWidth() * spec.input().channelStride();
    }

    /** Bytes of the workspace that {@link #backwardFilter} needs, of any content. */
    public long workspaceBytes() {
        return split.workspaceBytes();
    }

    /** Ints of the tickets that {@link #backwardFilter} needs: zero before the first use, and left zero. */
    public int tickets() {
        return split.tickets();
    }

    /** {@code y}: the convolution of {@code x} with {@code w}, rounded once. */
    public void forward(CUdeviceptr x, CUdeviceptr w, CUdeviceptr y, CUstream stream) {
        forward.enqueue(stream, x, w, y);
    }

    /** {@code dx}: what {@code dy} says about {@code x}, rounded once; pixels that no window reads get zero. */
    public void backwardData(CUdeviceptr dy, CUdeviceptr w, CUdeviceptr dx, CUstream stream) {
        backwardData.enqueue(stream, dy, w, dx);
    }

    /** {@code dw}: what {@code dy} says about {@code w}, fp32. {@code workspace} may be null when {@link #workspaceBytes} is 0. */
    public void backwardFilter(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        backwardFilter.enqueue(stream, x, dy, dw, workspace, tickets);
    }
}
