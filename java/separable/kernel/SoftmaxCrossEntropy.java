package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * Softmax cross-entropy over the last axis with PyTorch's label smoothing, its gradient, and how many labels rank first and
 * among the first five.
 *
 * <p>{@code logits, dlogits}: {@code Shape.matrix(rows, classes)} in the given precision, computed in fp32. {@code labels}:
 * int32 {@code [rows]}, or of mixed rows {@code [3, rows]}: labels, other labels, and as the bits of fp32 the shares of the first ones; the
 * target is then the two by their shares, and the heavier one is counted. {@code state}: the bytes of {@link StepState}; rows from {@code state.count} on are ignored.
 * {@code metrics}: a ring of {@link StepMetrics}, of which entry {@code state.slot} is written. {@code workspace}: any content;
 * {@code tickets}: zero before the first use, and left zero.
 *
 * <p>A label outside {@code [0, classes)} gives a NaN loss and gradient; a row with a NaN loss never counts as correct. Ties: the
 * lower class ranks first.
 */
public final class SoftmaxCrossEntropy extends DeviceOp<SoftmaxCrossEntropy.Launches> {

    /** Rows a block handles, one warp each: LOSS_WARPS in loss.cu. */
    private static final int ROWS_PER_BLOCK = 8;

    record Launches(Launch run, Launch evaluate, Fold fold) {
    }

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param logits    {@code Shape.matrix(rows, classes)}
     * @param smoothing in [0, 1): the share of the target spread over all classes
     * @param mixed     whether rows have two labels
     */
    public SoftmaxCrossEntropy(Shape logits, DType type, float smoothing, boolean mixed) {
        super(Device.current(), device -> launches(device, logits, type, smoothing, mixed));
    }

    /**
     * @param logits    {@code Shape.matrix(rows, classes)}
     * @param smoothing in [0, 1): the share of the target spread over all classes
     * @param mixed     whether rows have two labels
     */
    public SoftmaxCrossEntropy(Device device, Shape logits, DType type, float smoothing, boolean mixed) {
        super(device.lend(), share -> launches(share, logits, type, smoothing, mixed));
    }

    private static Launches launches(Device device, Shape logits, DType type, float smoothing, boolean mixed) {
        requireProblem("logits", logits, type);
        if (!(smoothing >= 0 && smoothing < 1)) {
            throw new IllegalArgumentException("label smoothing " + smoothing + ": it must be at least 0 and below 1");
        }
        if (logits.h() != 1 || logits.w() != 1) {
            throw new IllegalArgumentException("softmax cross-entropy takes a matrix of logits, not " + logits
                    + ": pool or flatten before it");
        }
        Fold fold = new Fold((long) blocks(logits) * StepMetrics.BYTES, 1);
        Launch run = inputs(device, "softmax_cross_entropy_train_" + type.suffix(), logits, type, mixed).output("dlogits", logits.bytes(type));
        Launch evaluate = inputs(device, "softmax_cross_entropy_evaluate_" + type.suffix(), logits, type, mixed);
        return new Launches(outputs(run, fold, logits, smoothing, mixed), outputs(evaluate, fold, logits, smoothing, mixed), fold);
    }

    private static int blocks(Shape logits) {
        return VectorGrid.blocks(logits.n(), ROWS_PER_BLOCK);
    }

    private static Launch inputs(Device device, String entry, Shape logits, DType type, boolean mixed) {
        return device.kernel(entry).launch().describe("softmax cross-entropy " + logits.n() + "x" + logits.c())
                .grid(blocks(logits), 1, 1).block(ROWS_PER_BLOCK * 32)
                .input("logits", logits.bytes(type)).input("labels", (long) logits.n() * Integer.BYTES * (mixed ? 3 : 1), Integer.BYTES)
                .input("state", StepState.BYTES);
    }

    private static Launch outputs(Launch launch, Fold fold, Shape logits, float smoothing, boolean mixed) {
        return fold.append(launch.output("metrics", StepMetrics.BYTES))
                .i32(logits.n()).i32(logits.c()).i32(logits.channelStride()).f32(smoothing).i32(mixed ? 1 : 0);
    }

    /** Bytes of partial results. */
    public long workspaceBytes() {
        return launches.fold().bytes();
    }

    /** Ints of {@code tickets}. */
    public int tickets() {
        return launches.fold().tickets();
    }

    /**
     * Loss, counts, and {@code dlogits} = gradient of the mean loss over the valid rows, in fp16 times {@link LossScale#factor}; surplus
     * columns and rows are 0.
     */
    public void run(CUdeviceptr logits, CUdeviceptr labels, CUdeviceptr state, CUdeviceptr dlogits, CUdeviceptr metrics,
                    CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.run().enqueue(stream, logits, labels, state, dlogits, metrics, workspace, tickets);
    }

    /** Loss and counts alone. */
    public void evaluate(CUdeviceptr logits, CUdeviceptr labels, CUdeviceptr state, CUdeviceptr metrics, CUdeviceptr workspace,
                         CUdeviceptr tickets, CUstream stream) {
        launches.evaluate().enqueue(stream, logits, labels, state, metrics, workspace, tickets);
    }
}
