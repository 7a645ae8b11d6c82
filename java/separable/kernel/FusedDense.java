package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Products;
import separable.spec.Shape;

/**
 * A dense layer in one launch, {@code y = x w^T + bias}: {@link PointwiseConv#forward} and {@link Bias#forward}, rounded where each of
 * them stores, so that its bits are theirs. {@code x}: {@code spec.input()}, {@code y}: {@code spec.output()}, {@code w} [Cout, Cin], in
 * {@link Layout#PADDED_NHWC} and the given precision; {@code bias}: fp32 {@code [spec.output().channelStride()]}, surplus channels zero.
 */
public final class FusedDense extends DeviceOp<Launch> {

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param spec     a pointwise convolution, of matrices most often
     * @param products of fp32 operands
     * @param bias     whether one is added
     * @throws IllegalArgumentException for what {@link PointwiseConv} does not compute
     */
    public FusedDense(ConvSpec spec, DType type, Products products, boolean bias) {
        super(Device.current(), device -> launch(device, spec, type, products, bias));
    }

    /** The same on {@code device}, which must stay open as long as this. */
    public FusedDense(Device device, ConvSpec spec, DType type, Products products, boolean bias) {
        super(device.lend(), share -> launch(share, spec, type, products, bias));
    }

    private static Launch launch(Device device, ConvSpec spec, DType type, Products products, boolean bias) {
        PointwiseConv.requireTiles(device, spec, type, Layout.PADDED_NHWC, products);
        Shape in = spec.input();
        Shape out = spec.output();
        GemmTile tile = GemmTile.forData(GemmTile.dataTiles(type, products), in.rows(), out.channelStride(), device.multiprocessors()).get(0);
        Launch launch = device.kernel(tile.entry("fused_dense", type)).launch().describe("fused dense " + spec + " " + type)
                .grid(VectorGrid.blocks(in.rows(), tile.rows()), VectorGrid.blocks(out.channelStride(), tile.columns()), 1)
                .block(tile.threads())
                .input("x", in.bytes(type)).input("w", Layout.PADDED_NHWC.filterElements(spec) * type.bytes());
        if (bias) {
            launch.input("bias", (long) out.channelStride() * Float.BYTES);
        } else {
            launch.i64(0).unused("bias");
        }
        return launch.output("y", out.bytes(type)).i32(in.rows()).i32(in.channelStride()).i32(out.channelStride());
    }

    /** @param bias ignored, and best null, where the layer has none */
    public void enqueue(CUdeviceptr x, CUdeviceptr w, CUdeviceptr bias, CUdeviceptr y, CUstream stream) {
        launches.enqueue(stream, x, w, bias, y);
    }
}
