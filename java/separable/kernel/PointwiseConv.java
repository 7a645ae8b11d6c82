package separable.kernel;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.spec.Products;
import separable.spec.Shape;

/**
 * Pointwise (1x1) convolution (Lin et al. 2013, "Network in network"; the second half of a depthwise separable one, Howard
 * et al. 2017), and on {@link Shape#matrix} a dense layer, as one matrix product each: with {@code M = N*H*W} pixels
 * <pre>
 *   forward           y  = x w^T
 *   data gradient     dx = dy w
 *   filter gradient   dw = dy^T x
 * </pre>
 *
 * <p>{@code x, dx} are matrices [M, Cin], {@code y, dy} [M, Cout], {@code w, dw} [Cout, Cin], with stored channels as {@link Layout}
 * says, surplus rows and columns of {@code w} zero. fp32 runs on ordinary lanes, or with {@link Products#TF32} on tensor cores, the 16-bit
 * precisions on tensor cores. Shapes, errors and lifetimes: {@link ConvKernel}.
 */
public final class PointwiseConv extends ConvKernel {

    /** On the current context, in {@link Layout#NHWC}. */
    public PointwiseConv(ConvSpec spec, DType type) {
        this(spec, type, Layout.NHWC);
    }

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @throws IllegalArgumentException when {@link #supports} says no, with what to use instead
     * @throws IllegalStateException when no context is current
     */
    public PointwiseConv(ConvSpec spec, DType type, Layout layout) {
        this(spec, type, layout, Products.EXACT);
    }

    /** The same with {@code products} of fp32 operands. @throws IllegalArgumentException also where the device has no TF32 */
    public PointwiseConv(ConvSpec spec, DType type, Layout layout, Products products) {
        super(Device.current(), device -> launches(device, spec, type, layout, products, UnaryOperator.identity()));
    }

    /** In {@link Layout#PADDED_NHWC}, as the layer graph stores activations. */
    public PointwiseConv(Device device, ConvSpec spec, DType type) {
        this(device, spec, type, Layout.PADDED_NHWC);
    }

    /**
     * On {@code device}, which must stay open as long as this.
     *
     * @throws IllegalArgumentException when {@link #supports} says no, with what to use instead
     */
    public PointwiseConv(Device device, ConvSpec spec, DType type, Layout layout) {
        this(device, spec, type, layout, Products.EXACT);
    }

    /** The same with {@code products} of fp32 operands. @throws IllegalArgumentException also where the device has no TF32 */
    public PointwiseConv(Device device, ConvSpec spec, DType type, Layout layout, Products products) {
        super(device.lend(), share -> launches(share, spec, type, layout, products, UnaryOperator.identity()));
    }

    /** In {@link Layout#PADDED_NHWC} with one of {@link #variants} for its pass; the other passes as the rule says. */
    public PointwiseConv(Device device, ConvSpec spec, DType type, Variant variant) {
        super(device.lend(), share -> launches(share, spec, type, Layout.PADDED_NHWC, Products.EXACT, ConvTiles.taking(variant)));
    }

    /** With given tiles, so that tests can reach every one. */
    PointwiseConv(Device device, ConvSpec spec, DType type, ConvTiles tiles) {
        super(device.lend(), share -> launches(share, spec, type, Layout.PADDED_NHWC, Products.EXACT, rule -> tiles));
    }

    /** @param choice changes the tiles that the rule takes */
    private static ConvLaunches launches(Device device, ConvSpec spec, DType type, Layout layout, Products products,
                                         UnaryOperator<ConvTiles> choice) {
        ConvTiles tiles = choice.apply(requireTiles(device, spec, type, layout, products));
        ConvOperands operands = ConvOperands.vectors(spec, type, layout);
        FilterSplit split = tiles.split(cout(spec), cin(spec), pixels(spec), device.multiprocessors());
        return new ConvLaunches(
                data(operands.forward(launch(device, tiles.forward(), "pw_forward", spec, type)), tiles.forward(), spec, cout(spec)),
                data(operands.backwardData(launch(device, tiles.backwardData(), "pw_backward_data", spec, type)), tiles.backwardData(), spec, cin(spec)),
                matrices(operands.backwardFilter(launch(device, tiles.filter(), "pw_backward_filter", spec, type), split.workspaceBytes(), split.tickets()), spec)
                        .i32(split.depthPerSplit()).grid(split.tiles(), split.splits(), 1).block(tiles.filter().threads()),
                operands.filterElements(), split.workspaceBytes(), split.tickets());
    }

    /** The tiles that the rule takes, for products that are fused with other ops too. @throws IllegalArgumentException for a problem that is refused */
    static ConvTiles requireTiles(Device device, ConvSpec spec, DType type, Layout layout, Products products) {
        requireNonNull(products, "products");
        requireSupported("pointwise convolution", spec, type, layout, refusal(spec, type, layout).or(() -> refusal(device, products.of(type))));
        return tiles(device, spec, type, products);
    }

    /**
     * The forward pass by kernels with the epilogue of inference.
     *
     * @param tile     the rule's unless given
     * @param operands appends the pointers
     */
    static Launch inference(Device device, ConvSpec spec, DType type, Products products, Optional<GemmTile> tile, UnaryOperator<Launch> operands) {
        requireSupported("pointwise convolution", spec, type, Layout.PADDED_NHWC, refusal(device, products.of(type)));
        GemmTile taken = tile.orElseGet(() -> dataTiles(device, spec, type, products, cout(spec), cin(spec)).get(0));
        return data(operands.apply(launch(device, taken, "pw_inference", spec, type)), taken, spec, cout(spec));
    }

    private static Launch launch(Device device, GemmTile tile, String operation, ConvSpec spec, DType type) {
        return device.kernel(tile.entry(operation, type)).launch().describe("pointwise " + spec + " " + type);
    }

    private static Launch matrices(Launch launch, ConvSpec spec) {
        return launch.i32(pixels(spec)).i32(cin(spec)).i32(cout(spec));
    }

    /** @param width columns of the output, which has a row a pixel */
    private static Launch data(Launch launch, GemmTile tile, ConvSpec spec, int width) {
        return matrices(launch, spec).grid(VectorGrid.blocks(pixels(spec), tile.rows()), VectorGrid.blocks(width, tile.columns()), 1)
                .block(tile.threads());
    }

    /** The tile of each of the three products. */
    private static ConvTiles tiles(Device device, ConvSpec spec, DType type, Products products) {
        return new ConvTiles(dataTiles(device, spec, type, products, cout(spec), cin(spec)).get(0),
                dataTiles(device, spec, type, products, cin(spec), cout(spec)).get(0),
                filterTiles(spec, type, products).get(0));
    }

    private static List<GemmTile> dataTiles(Device device, ConvSpec spec, DType type, Products products, int width, int depth) {
        return GemmTile.forProduct(GemmTile.pointwiseTiles(type, products), pixels(spec), width, depth, device.multiprocessors());
    }

    private static List<GemmTile> filterTiles(ConvSpec spec, DType type, Products products) {
        return GemmTile.forFilter(GemmTile.filterTiles(type, products), cout(spec), cin(spec));
    }

    /** The exact ways to compute {@code pass} of a problem that {@link #supports supports} accepts, the rule's choice first. */
    public static List<Variant> variants(Device device, ConvSpec spec, DType type, Pass pass) {
        return variants(device, spec, type, Products.EXACT, pass);
    }

    /** The ways with {@code products}, where the device has them, before the exact ones. */
    public static List<Variant> variants(Device device, ConvSpec spec, DType type, Products products, Pass pass) {
        List<Variant> variants = new ArrayList<>();
        if (products.of(type).on(device.computeCapability()) == Products.TF32) {
            variants.addAll(variantsOf(device, spec, type, Products.TF32, pass));
        }
        variants.addAll(variantsOf(device, spec, type, Products.EXACT, pass));
        return variants;
    }

    private static List<Variant> variantsOf(Device device, ConvSpec spec, DType type, Products products, Pass pass) {
        return switch (pass) {
            case FORWARD -> GemmVariant.ofData(pass, dataTiles(device, spec, type, products, cout(spec), cin(spec)));
            case BACKWARD_DATA -> GemmVariant.ofData(pass, dataTiles(device, spec, type, products, cin(spec), cout(spec)));
            case BACKWARD_FILTER -> GemmVariant.ofFilter(filterTiles(spec, type, products), cout(spec), cin(spec), pixels(spec),
                    device.multiprocessors());
        };
    }

    /** Whether it computes {@code spec} in {@link Layout#NHWC}. */
    public static boolean supports(ConvSpec spec, DType type) {
        return supports(spec, type, Layout.NHWC);
    }

    /**
     * NHWC with input and output channels in multiples of 8, and PADDED_NHWC, but not from one channel to one, which is
     * {@link DepthwiseConv}'s; up to 4 million channels on either side.
     */
    public static boolean supports(ConvSpec spec, DType type, Layout layout) {
        return refusal(spec, type, layout).isEmpty();
    }

    /** Why it cannot compute the problem. */
    private static Optional<String> refusal(ConvSpec spec, DType type, Layout layout) {
        requireProblem(spec, type, layout);
        if (!spec.isPointwise()) {
            return Optional.of("it takes a 1x1 kernel with stride 1, one group and no padding");
        }
        return refusalOfProducts(spec, layout).or(() -> refusalOfColumns(spec,
                !GemmTile.covering(GemmTile.dataTiles(type), Math.max(cin(spec), cout(spec))).isEmpty()));
    }

    /** Why the device cannot multiply so. */
    static Optional<String> refusal(Device device, Products products) {
        return products.on(device.computeCapability()) == products ? Optional.empty()
                : Optional.of("the device has no " + products + ", which came with compute capability 8.0");
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
