package separable.kernel;

import static java.util.Objects.requireNonNull;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.Activation;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * Batch normalisation over the {@code n} pixels of each channel, with the activation that follows it (Ioffe and Szegedy 2015):
 * <pre>
 *   y  = act((x - mean) * gamma / sqrt(var + epsilon) + beta)            var biased: divided by n
 *   g  = dy where the activation is strictly inside its bounds, else 0
 *   dbeta  = sum g          dgamma = sum g * (x - mean) / sqrt(var + epsilon)
 *   dx = gamma / sqrt(var + epsilon) * (g - dbeta / n - (x - mean) * dgamma / (n * sqrt(var + epsilon)))
 * </pre>
 *
 * <p>{@code x, y, dy, g, dx}: the constructor's shape in the given precision. {@code stats, running}: fp32
 * {@code [2][channelStride]}, means and then variances; {@code gamma, beta, dgamma, dbeta}: fp32 {@code [channelStride]}, surplus
 * channels zero. Everything but {@code running} is overwritten. Statistics are pivoted and folded by counts: a mean of a
 * thousand deviations costs no digits. In bf16 the mask is taken from the rounded activation and the sums from the stored
 * {@code g}, as a fused schedule sees them.
 *
 * <p>Training calls {@link #statistics}, {@link #forward}, {@link #backwardReduce}, {@link #backwardData} in this order; inference
 * calls {@code forward} with the running statistics. Each enqueues one launch and allocates nothing; not safe for use by several
 * threads.
 */
public final class BatchNorm extends DeviceOp<BatchNorm.Launches> {

    /** Vectors a channel's moments take in the workspace: pivot, offset of the mean, squared deviations, count (Moments8 in fold.cuh). */
    static final int MOMENTS = 4;

    record Launches(Launch statistics, Launch forward, Launch backwardReduce, Launch backwardData, Fold fold) {
    }

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param epsilon  added to the variance; above 0
     * @param momentum the share of the batch in the running statistics, PyTorch's convention: {@code r += momentum * (batch - r)};
     *                 in [0, 1]
     */
    public BatchNorm(Shape shape, DType type, Activation activation, float epsilon, float momentum) {
        super(Device.current(), device -> launches(device, shape, type, activation, epsilon, momentum));
    }

    /**
     * @param epsilon  added to the variance; above 0
     * @param momentum the share of the batch in the running statistics, PyTorch's convention: {@code r += momentum * (batch - r)};
     *                 in [0, 1]
     */
    public BatchNorm(Device device, Shape shape, DType type, Activation activation, float epsilon, float momentum) {
        super(device.lend(), share -> launches(share, shape, type, activation, epsilon, momentum));
    }

    private static Launches launches(Device device, Shape shape, DType type, Activation activation, float epsilon, float momentum) {
        requireProblem("shape", shape, type);
        requireNonNull(activation, "activation");
        if (!(epsilon > 0 && epsilon < Float.POSITIVE_INFINITY) || !(momentum >= 0 && momentum <= 1)) {
            throw new IllegalArgumentException("batch normalisation of " + shape + ": epsilon " + epsilon
                    + " must be above 0 and momentum " + momentum + " in [0, 1]");
        }
        String problem = "batch normalisation " + shape + " " + type + " " + activation;
        ColumnGrid map = ColumnGrid.map(shape);
        ColumnGrid reduction = ColumnGrid.reduction(shape, device.multiprocessors());
        Fold fold = new Fold((long) MOMENTS * reduction.parts() * shape.channelStride() * Float.BYTES, reduction.tiles());
        long bytes = shape.bytes(type);
        long channel = (long) shape.channelStride() * Float.BYTES;
        Bounds bounds = Bounds.of(activation);

        Launch statistics = launch(device, "bn_statistics_" + type.suffix(), problem, reduction)
                .input("x", bytes).output("stats", 2 * channel).output("running", 2 * channel);
        Launch forward = launch(device, "bn_forward_" + type.suffix(), problem, map)
                .input("x", bytes).input("stats", 2 * channel).input("gamma", channel).input("beta", channel).output("y", bytes, "x");
        Launch backwardReduce = launch(device, "bn_backward_reduce_" + type.suffix(), problem, reduction)
                .input("x", bytes).input("dy", bytes).input("stats", 2 * channel).input("gamma", channel).input("beta", channel)
                .output("g", bytes, "dy").output("dgamma", channel).output("dbeta", channel);
        Launch backwardData = launch(device, "bn_backward_data_" + type.suffix(), problem, map)
                .input("x", bytes).input("g", bytes).input("stats", 2 * channel).input("gamma", channel)
                .input("dgamma", channel).input("dbeta", channel).output("dx", bytes, "g");
        return new Launches(geometry(fold.append(statistics), shape, reduction).f32(momentum),
                bounds.append(geometry(forward, shape, map).f32(epsilon)),
                bounds.append(geometry(fold.append(backwardReduce), shape, reduction).f32(epsilon)),
                geometry(backwardData, shape, map).f32(epsilon), fold);
    }

    private static Launch launch(Device device, String entry, String problem, ColumnGrid grid) {
        return grid.shape(device.kernel(entry).launch().describe(problem), 1);
    }

    private static Launch geometry(Launch launch, Shape shape, ColumnGrid grid) {
        return launch.i32(shape.rows()).i32(shape.channelStride()).i32(grid.columns());
    }

    /** Bytes of the workspace that the reductions need, of any content. */
    public long workspaceBytes() {
        return launches.fold().bytes();
    }

    /** Ints of the tickets that the reductions need: zero before the first use, and left zero. */
    public int tickets() {
        return launches.fold().tickets();
    }

    /**
     * {@code stats} = mean and biased variance of {@code x}, and {@code running += momentum * (batch - running)} with the unbiased
     * variance (n / (n - 1); with a single pixel the variance is 0 either way).
     */
    public void statistics(CUdeviceptr x, CUdeviceptr stats, CUdeviceptr running, CUdeviceptr workspace, CUdeviceptr tickets,
                           CUstream stream) {
        launches.statistics().enqueue(stream, x, stats, running, workspace, tickets);
    }

    /** {@code y = act(BN(x))} by {@code stats}, or by the running statistics for inference; {@code y} may be {@code x}. */
    public void forward(CUdeviceptr x, CUdeviceptr stats, CUdeviceptr gamma, CUdeviceptr beta, CUdeviceptr y, CUstream stream) {
        launches.forward().enqueue(stream, x, stats, gamma, beta, y);
    }

    /** {@code g}, {@code dgamma} and {@code dbeta}; {@code g} may be {@code dy}. */
    public void backwardReduce(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr stats, CUdeviceptr gamma, CUdeviceptr beta, CUdeviceptr g,
                               CUdeviceptr dgamma, CUdeviceptr dbeta, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.backwardReduce().enqueue(stream, x, dy, stats, gamma, beta, g, dgamma, dbeta, workspace, tickets);
    }

    /** {@code dx} from what {@link #backwardReduce} left; {@code dx} may be {@code g}. */
    public void backwardData(CUdeviceptr x, CUdeviceptr g, CUdeviceptr stats, CUdeviceptr gamma, CUdeviceptr dgamma, CUdeviceptr dbeta,
                             CUdeviceptr dx, CUstream stream) {
        launches.backwardData().enqueue(stream, x, g, stats, gamma, dgamma, dbeta, dx);
    }
}
