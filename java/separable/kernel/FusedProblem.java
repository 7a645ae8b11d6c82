package separable.kernel;

import java.util.List;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Products;
import separable.spec.Shape;

/** What the fused products have in common: their refusals, and the operands that several take. */
final class FusedProblem {

    /** The same of the two sums of a gradient. */
    static final int GRADIENT_SUMS = 2;

    private static final int TABLE_ROWS = 4;
    private static final int SUMS_ROWS = 2;

    private FusedProblem() {
    }

    static void requirePointwise(String op, ConvSpec spec, DType type) {
        if (!spec.isPointwise() || spec.isDepthwise()) {
            throw new IllegalArgumentException(op + " cannot compute " + spec + ": it takes a 1x1 kernel with stride 1, one group and no padding");
        }
        requireCover(op, spec, GemmTile.dataTiles(type), Math.max(spec.input().channelStride(), spec.output().channelStride()));
    }

    private static void requireCover(String op, ConvSpec spec, List<GemmTile> tiles, int channels) {
        if (GemmTile.covering(tiles, channels).isEmpty()) {
            throw new IllegalArgumentException(op + " cannot compute " + spec + ": " + channels + " channels are more than its grid has blocks for");
        }
    }

    /** @throws IllegalArgumentException where the device does not multiply so */
    static void requireProducts(String op, Device device, ConvSpec spec, DType type, Products products) {
        PointwiseConv.refusal(device, products.of(type)).ifPresent(reason -> {
            throw new IllegalArgumentException(op + " cannot compute " + spec + ": " + reason);
        });
    }

    static void requireStem(String op, ConvSpec spec, DType type) {
        ConvKernel.requireSupported(op, spec, type, Layout.PADDED_NHWC, Conv.refusal(spec, type, Layout.PADDED_NHWC));
        requireCover(op, spec, GemmTile.stemTiles(type), spec.output().channelStride());
    }

    /** Bytes of the statistics [4][channels]. */
    static long tableBytes(Shape shape) {
        return TABLE_ROWS * channelBytes(shape);
    }

    /** Bytes of the sums [2][channels]. */
    static long sumsBytes(Shape shape) {
        return SUMS_ROWS * channelBytes(shape);
    }

    static long channelBytes(Shape shape) {
        return (long) shape.channelStride() * Float.BYTES;
    }

    /** Elements of a filter as it is stored. */
    static long filterElements(ConvSpec spec) {
        return Layout.PADDED_NHWC.filterElements(spec);
    }

    /** Appends an input that only some kinds of a kernel have. */
    static Launch inputWhere(boolean present, Launch launch, String name, long bytes) {
        return present ? launch.input(name, bytes) : launch.unused(name);
    }

    /** Appends what a forward pass takes besides its input: w, gamma, beta, and y with its statistics. */
    static Launch forwardOutputs(Launch launch, ConvSpec spec, DType type) {
        Shape output = spec.output();
        return launch.input("w", filterElements(spec) * type.bytes()).input("gamma", channelBytes(output)).input("beta", channelBytes(output))
                .output("y", output.bytes(type)).output("statistics", tableBytes(output)).output("running", 2 * channelBytes(output));
    }
}
