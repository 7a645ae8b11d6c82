package separable.kernel;

import static java.util.Objects.requireNonNull;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.NormSpec;
import separable.spec.Shape;

/**
 * {@link GlobalAveragePool#backward} and {@link BatchNorm#backwardReduce} of a network's last normalisation in one launch, of which no
 * gradient of the picture is stored: with n pixels in all images, h * w in one,
 * <pre>
 *   g  = dpooled / (h * w) where the activation is strictly inside its bounds, else 0
 *   dbeta  = sum g          dgamma = sum g * (y - mean) / sqrt(variance + epsilon)
 *   sums   = dbeta / n, dgamma / (n * sqrt(variance + epsilon))
 * </pre>
 *
 * <p>{@code y}: {@code shape}, {@code dpooled}: {@code Shape.matrix(n, c)}, both in the given precision; {@code statistics}: fp32
 * {@code [4][channelStride]} as for {@link FusedPool}; {@code dgamma, dbeta}: fp32 {@code [channelStride]}; {@code sums}: fp32
 * {@code [2][channelStride]}. It rounds g as the two ops store it and folds in their order: its bits are theirs.
 */
public final class FusedPoolReduce extends DeviceOp<FusedPoolReduce.Launches> {

    record Launches(Launch reduce, Fold fold) {
    }

    /** On the context that is current on the calling thread, whoever made it. */
    public FusedPoolReduce(Shape shape, DType type, NormSpec norm) {
        super(Device.current(), device -> launches(device, shape, type, norm));
    }

    /** On {@code device}, which must stay open as long as this. */
    public FusedPoolReduce(Device device, Shape shape, DType type, NormSpec norm) {
        super(device.lend(), share -> launches(share, shape, type, norm));
    }

    private static Launches launches(Device device, Shape shape, DType type, NormSpec norm) {
        requireProblem("shape", shape, type);
        requireNonNull(norm, "norm");
        ColumnGrid grid = ColumnGrid.reduction(shape, device.multiprocessors());
        Fold fold = new Fold(2L * grid.parts() * shape.channelStride() * Float.BYTES, grid.tiles());
        long channel = (long) shape.channelStride() * Float.BYTES;
        Launch launch = grid.shape(device.kernel("fused_pool_reduce_" + type.suffix()).launch(), 1)
                .describe("fused pool gradient " + shape + " " + type + " " + norm.activation())
                .input("dpooled", Shape.matrix(shape.n(), shape.c()).bytes(type)).input("y", shape.bytes(type)).input("statistics", 4 * channel)
                .output("dgamma", channel).output("dbeta", channel).output("sums", 2 * channel);
        fold.append(launch).i32(shape.rows()).i32(shape.h() * shape.w()).i32(shape.channelStride()).i32(grid.columns()).f32(norm.epsilon());
        return new Launches(Bounds.of(norm.activation()).append(launch), fold);
    }

    /** Bytes of the workspace, of any content. */
    public long workspaceBytes() {
        return launches.fold().bytes();
    }

    /** Ints of the tickets: zero before the first use, and left zero. */
    public int tickets() {
        return launches.fold().tickets();
    }

    /** {@code dgamma}, {@code dbeta} and {@code sums}. */
    public void enqueue(CUdeviceptr dpooled, CUdeviceptr y, CUdeviceptr statistics, CUdeviceptr dgamma, CUdeviceptr dbeta, CUdeviceptr sums,
                        CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.reduce().enqueue(stream, dpooled, y, statistics, dgamma, dbeta, sums, workspace, tickets);
    }
}
