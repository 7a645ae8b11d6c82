package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Pass;

/**
 * The filter gradient of the first convolution, in one launch: {@link Conv#backwardFilter} with the gradient of the raw output made on
 * load. A picture has no gradient.
 * <pre>
 *   dY = scale * (g - c0 - (y - mean) * c1)
 *   dw = dY^T patches(x)
 * </pre>
 *
 * <p>{@code g, y}: {@code spec.output()}; {@code x}: {@code spec.input()}; {@code dw}: as {@link Conv}'s, fp32, overwritten.
 * {@code statistics}: fp32 [4][Cout] as {@link FusedStemForward} left them; {@code sums}: fp32 [2][Cout], {@code c0 = dbeta / n} and
 * {@code c1 = dgamma / (n * sqrt(variance + epsilon))}. The result is that of the plain ops to the bit if the depth is split alike
 * ({@link #filterVariant}). Refusals, lifetimes and threads: {@link ConvKernel}.
 */
public final class FusedStemBackward extends DeviceOp<FusedStemBackward.Launches> {

    record Launches(Launch backward, Fold fold, FilterSplit split) {
    }

    /** On the context that is current on the calling thread. */
    public FusedStemBackward(ConvSpec spec, DType type) {
        super(Device.current(), device -> launches(device, spec, type));
    }

    /** @throws IllegalArgumentException for a problem that {@link Conv} cannot compute */
    public FusedStemBackward(Device device, ConvSpec spec, DType type) {
        super(device.lend(), share -> launches(share, spec, type));
    }

    private static Launches launches(Device device, ConvSpec spec, DType type) {
        requireProblem("spec", spec, type);
        FusedProblem.requireStem("fused stem", spec, type);
        int channels = spec.output().channelStride();
        GemmTile tile = GemmTile.forFilter(GemmTile.stemFilterTiles(type), channels, Conv.filterColumns(spec)).get(0);
        FilterSplit split = FilterSplit.of(tile, channels, Conv.filterColumns(spec), spec.output().rows(), device.multiprocessors());
        Fold fold = new Fold(split.workspaceBytes(), split.tickets());
        String operation = Conv.hasFewChannels(spec) ? "fused_stem_few_backward" : "fused_stem_backward";
        Launch launch = device.kernel(split.tile().entry(operation, type)).launch().describe("fused stem " + spec + " " + type)
                .input("g", spec.output().bytes(type)).input("y", spec.output().bytes(type))
                .input("statistics", FusedProblem.tableBytes(spec.output())).input("sums", FusedProblem.sumsBytes(spec.output()))
                .input("x", spec.input().bytes(type)).output("dw", FusedProblem.filterElements(spec) * Float.BYTES);
        Conv.geometry(fold.append(launch), spec, true).i32(split.depthPerSplit())
                .grid(split.tiles(), split.splits(), 1).block(split.tile().threads());
        return new Launches(launch, fold, split);
    }

    /** Bytes of the workspace, of any content. */
    public long workspaceBytes() {
        return launches.fold().bytes();
    }

    /** Ints of the tickets: 0 before the first use and left 0. */
    public int tickets() {
        return launches.fold().tickets();
    }

    /** The variant of {@link Conv} that sums its filter gradient in the same order. */
    public Variant filterVariant() {
        return new GemmVariant(Pass.BACKWARD_FILTER, launches.split().tile(), launches.split().splits());
    }

    /** {@code dw}. */
    public void enqueue(CUdeviceptr g, CUdeviceptr y, CUdeviceptr statistics, CUdeviceptr sums, CUdeviceptr x, CUdeviceptr dw,
                        CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.backward().enqueue(stream, g, y, statistics, sums, x, dw, workspace, tickets);
    }
}
