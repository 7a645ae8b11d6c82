package separable.kernel;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.spec.Shape;

/**
 * General convolution, in which every output channel sees every input channel: any kernel, stride, dilation and padding (LeCun et
 * al. 1998; with dilation, Yu and Koltun 2016). With S the stride and D the dilation
 * <pre>
 *   forward   y[n, oy, ox, co] = sum over ky, kx, ci of x[n, oy*S - top + ky*D, ox*S - left + kx*D, ci] * w[co, ky, kx, ci]
 * </pre>
 * where taps outside the picture are zero, and the two gradients are its transposes. Computed as matrix products over patches
 * that are gathered on the fly, the implicit product of Chetlur et al. 2014: nothing is copied out beforehand. Pictures with up to
 * four channels have kernels of their own for the forward pass and the filter gradient, which leave the surplus channels out.
 *
 * <p>Filters: [Cout, KH, KW, Cin] with stored channels as {@link Layout} says, surplus elements zero. Shapes, errors and lifetimes:
 * {@link ConvKernel}.
 */
public final class Conv extends ConvKernel {

    /** With at most so many input channels the surplus ones are worth leaving out of the sums. */
    private static final int FEW_CHANNELS = 4;

    /** On the current context, in {@link Layout#NHWC}. */
    public Conv(ConvSpec spec, DType type) {
        this(spec, type, Layout.NHWC);
    }

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @throws IllegalArgumentException when {@link #supports} says no, with what to use instead
     * @throws IllegalStateException when no context is current
     */
    public Conv(ConvSpec spec, DType type, Layout layout) {
        super(Device.current(), device -> launches(device, spec, type, layout, UnaryOperator.identity()));
    }

    /** In {@link Layout#PADDED_NHWC}, as the layer graph stores activations. */
    public Conv(Device device, ConvSpec spec, DType type) {
        this(device, spec, type, Layout.PADDED_NHWC);
    }

    /**
     * On {@code device}, which must stay open as long as this.
     *
     * @throws IllegalArgumentException when {@link #supports} says no, with what to use instead
     */
    public Conv(Device device, ConvSpec spec, DType type, Layout layout) {
        super(device.lend(), share -> launches(share, spec, type, layout, UnaryOperator.identity()));
    }

    /** In {@link Layout#PADDED_NHWC} with one of {@link #variants} for its pass; the other passes as the rule says. */
    public Conv(Device device, ConvSpec spec, DType type, Variant variant) {
        super(device.lend(), share -> launches(share, spec, type, Layout.PADDED_NHWC, ConvTiles.taking(variant)));
    }

    /** With given tiles, so that tests can reach every one. */
    Conv(Device device, ConvSpec spec, DType type, ConvTiles tiles) {
        super(device.lend(), share -> launches(share, spec, type, Layout.PADDED_NHWC, rule -> tiles));
    }

    /** @param choice changes the tiles that the rule takes */
    private static ConvLaunches launches(Device device, ConvSpec spec, DType type, Layout layout, UnaryOperator<ConvTiles> choice) {
        requireSupported("general convolution", spec, type, layout, refusal(spec, type, layout));
        ConvTiles tiles = choice.apply(tiles(device, spec, type));
        boolean few = hasFewChannels(spec);
        Shape out = spec.output();
        ConvOperands operands = ConvOperands.vectors(spec, type, layout);
        FilterSplit split = tiles.split(out.channelStride(), filterColumns(spec), out.rows(), device.multiprocessors());
        Launch forward = forward(device, spec, type, "forward", tiles.forward(), operands::forward);
        Launch backwardData = launch(device, tiles.backwardData().entry("conv_backward_data", type), spec, type);
        Launch backwardFilter = launch(device, tiles.filter().entry(few ? "conv_few_backward_filter" : "conv_backward_filter", type), spec, type);
        over(geometry(operands.backwardData(backwardData), spec, false), tiles.backwardData(), spec.input());
        geometry(operands.backwardFilter(backwardFilter, split.workspaceBytes(), split.tickets()), spec, few)
                .i32(split.depthPerSplit()).grid(split.tiles(), split.splits(), 1).block(tiles.filter().threads());
        return new ConvLaunches(forward, backwardData, backwardFilter, operands.filterElements(), split.workspaceBytes(), split.tickets());
    }

    /**
     * The forward pass by kernels with the epilogue of inference.
     *
     * @param tile     the rule's unless given
     * @param operands appends the pointers
     */
    static Launch inference(Device device, ConvSpec spec, DType type, Optional<GemmTile> tile, UnaryOperator<Launch> operands) {
        return forward(device, spec, type, "inference", tile.orElseGet(() -> forwardTiles(device, spec, type).get(0)), operands);
    }

    private static Launch forward(Device device, ConvSpec spec, DType type, String kernels, GemmTile tile, UnaryOperator<Launch> operands) {
        boolean few = hasFewChannels(spec);
        Launch launch = launch(device, tile.entry((few ? "conv_few_" : "conv_") + kernels, type), spec, type);
        return over(geometry(operands.apply(launch), spec, few), tile, spec.output());
    }

    private static ConvTiles tiles(Device device, ConvSpec spec, DType type) {
        return new ConvTiles(forwardTiles(device, spec, type).get(0), backwardTiles(device, spec, type).get(0), filterTiles(spec, type).get(0));
    }

    private static List<GemmTile> forwardTiles(Device device, ConvSpec spec, DType type) {
        return GemmTile.forData(forwardKinds(spec, type), spec.output().rows(), spec.output().channelStride(), device.multiprocessors());
    }

    private static List<GemmTile> forwardKinds(ConvSpec spec, DType type) {
        List<GemmTile> all = GemmTile.dataTiles(type);
        return hasFewChannels(spec) ? GemmTile.narrow(all) : all;
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

    static boolean hasFewChannels(ConvSpec spec) {
        return spec.input().c() <= FEW_CHANNELS;
    }

    /** Columns of the filter as a matrix with a row an output channel. */
    static int filterColumns(ConvSpec spec) {
        Shape in = spec.input();
        return spec.kernelHeight() * spec.kernelWidth() * (hasFewChannels(spec) ? in.c() : in.channelStride());
    }

    private static Launch launch(Device device, String entry, ConvSpec spec, DType type) {
        return device.kernel(entry).launch().describe("convolution " + spec + " " + type);
    }

    /** Appends the geometry in the order of conv.cu, and the real number of channels to kernels that want it. */
    static Launch geometry(Launch launch, ConvSpec spec, boolean withChannels) {
        Shape in = spec.input();
        Shape out = spec.output();
        launch.i32(in.n()).i32(in.h()).i32(in.w()).i32(in.channelStride())
                .i32(out.h()).i32(out.w()).i32(out.channelStride())
                .i32(spec.kernelHeight()).i32(spec.kernelWidth()).i32(spec.stride()).i32(spec.dilation())
                .i32(spec.padding().top()).i32(spec.padding().left());
        return withChannels ? launch.i32(in.c()) : launch;
    }

    /** One block for every tile of {@code written}. */
    private static Launch over(Launch launch, GemmTile tile, Shape written) {
        return launch.grid(VectorGrid.blocks(written.rows(), tile.rows()), VectorGrid.blocks(written.channelStride(), tile.columns()), 1)
                .block(tile.threads());
    }

    /** Whether it computes {@code spec} in {@link Layout#NHWC}. */
    public static boolean supports(ConvSpec spec, DType type) {
        return supports(spec, type, Layout.NHWC);
    }

    /**
     * NHWC with input and output channels in multiples of 8, and PADDED_NHWC; one group, but not from one channel to one, which is
     * {@link DepthwiseConv}'s; up to 2 million channels on either side.
     */
    public static boolean supports(ConvSpec spec, DType type, Layout layout) {
        return refusal(spec, type, layout).isEmpty();
    }

    /** Why it cannot compute the problem. */
    static Optional<String> refusal(ConvSpec spec, DType type, Layout layout) {
        requireProblem(spec, type, layout);
        if (spec.groups() != 1) {
            return Optional.of("it takes one group");
        }
        return refusalOfProducts(spec, layout).or(() -> refusalOfColumns(spec,
                !GemmTile.covering(forwardKinds(spec, type), Shape.roundUp(spec.outputChannels())).isEmpty()
                        && !GemmTile.covering(GemmTile.dataTiles(type), spec.input().channelStride()).isEmpty()));
    }
}
