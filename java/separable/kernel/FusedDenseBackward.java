package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.spec.Products;
import separable.spec.Shape;

/**
 * All gradients of {@link FusedDense} and of the {@link Dropout} before it, in one launch whose blocks share three roles:
 * <pre>
 *   dx = dropout(dy w)        dw = dy^T x        dbias[c] = sum over the rows of dy[., c]
 * </pre>
 * The bits of dx are those of {@link PointwiseConv#backwardData} and {@link Dropout#backward}; those of dw {@link
 * PointwiseConv#backwardFilter}'s when that is made for {@link #filterVariant}; those of dbias {@link Bias#backward}'s for up to 1024 rows,
 * which that gives to a single block a channel.
 *
 * <p>{@code x, dx}: {@code spec.input()}, {@code dy}: {@code spec.output()}, {@code w} [Cout, Cin], in {@link Layout#PADDED_NHWC} and the
 * given precision; {@code dw}: fp32, laid out like w; {@code dbias}: fp32 {@code [spec.output().channelStride()]}.
 */
public final class FusedDenseBackward extends DeviceOp<FusedDenseBackward.Launches> {

    /** Rows and columns of the tile of both products: as fused_dense.cu has it. */
    private static final int TILE = 64;

    record Launches(Launch backward, FilterSplit split) {
    }

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param spec     a pointwise convolution, of matrices most often
     * @param products of fp32 operands
     * @param bias     whether the layer has one
     * @param rate     of the dropout before it, in [0, 1); 0: none
     * @param salt     tells the dropout layers of a network apart
     * @throws IllegalArgumentException for another rate, and for what {@link PointwiseConv} does not compute
     */
    public FusedDenseBackward(ConvSpec spec, DType type, Products products, boolean bias, float rate, int salt) {
        super(Device.current(), device -> launches(device, spec, type, products, bias, rate, salt));
    }

    /** The same on {@code device}, which must stay open as long as this. */
    public FusedDenseBackward(Device device, ConvSpec spec, DType type, Products products, boolean bias, float rate, int salt) {
        super(device.lend(), share -> launches(share, spec, type, products, bias, rate, salt));
    }

    private static Launches launches(Device device, ConvSpec spec, DType type, Products products, boolean bias, float rate, int salt) {
        PointwiseConv.requireTiles(device, spec, type, Layout.PADDED_NHWC, products);
        DropoutMask dropout = DropoutMask.of(spec.input(), rate, salt);
        Shape in = spec.input();
        Shape out = spec.output();
        GemmTile tile = tile(type, products);
        FilterSplit split = FilterSplit.of(tile, out.channelStride(), in.channelStride(), in.rows(), device.multiprocessors());
        ColumnGrid columns = ColumnGrid.narrow(out.channelStride());
        long filter = Layout.PADDED_NHWC.filterElements(spec);
        long perOutput = (long) out.channelStride() * Float.BYTES;
        long blocks = tile.blocks(in.rows(), in.channelStride()) + (long) split.tiles() * split.splits()
                + (bias ? columns.tiles() : 0);

        Launch launch = device.kernel("fused_dense_backward_" + (products == Products.TF32 ? products.toString() : type.suffix())).launch()
                .describe("fused dense gradient " + spec + " " + type)
                .grid(Math.toIntExact(blocks), 1, 1).block(tile.threads())
                .input("dy", out.bytes(type)).input("w", filter * type.bytes()).input("x", in.bytes(type));
        dropout.appendState(launch).output("dx", in.bytes(type)).output("dw", filter * Float.BYTES);
        if (bias) {
            launch.output("dbias", perOutput);
        } else {
            launch.i64(0).unused("dbias");
        }
        launch.fold(split.workspaceBytes(), split.tickets()).i32(in.rows()).i32(in.channelStride()).i32(out.channelStride())
                .i32(split.splits()).i32(split.depthPerSplit()).i32(columns.columns());
        return new Launches(dropout.append(launch), split);
    }

    private static GemmTile tile(DType type, Products products) {
        return GemmTile.filterTiles(type, products).stream().filter(tile -> tile.rows() == TILE && tile.columns() == TILE).findFirst()
                .orElseThrow();
    }

    /** The variant of {@link PointwiseConv} that adds up its filter gradient in the same order. */
    public Variant filterVariant() {
        return new GemmVariant(Pass.BACKWARD_FILTER, launches.split().tile(), launches.split().splits());
    }

    /** Bytes of the workspace, of any content. */
    public long workspaceBytes() {
        return launches.split().workspaceBytes();
    }

    /** Ints of the tickets: zero before the first use, and left zero. */
    public int tickets() {
        return launches.split().tickets();
    }

    /**
     * {@code dx}, {@code dw} and {@code dbias}.
     *
     * @param state the bytes of {@link StepState}; ignored, and best null, where the rate is 0
     * @param dbias ignored, and best null, where the layer has no bias
     */
    public void enqueue(CUdeviceptr dy, CUdeviceptr w, CUdeviceptr x, CUdeviceptr state, CUdeviceptr dx, CUdeviceptr dw, CUdeviceptr dbias,
                        CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.backward().enqueue(stream, dy, w, x, state, dx, dw, dbias, workspace, tickets);
    }
}
