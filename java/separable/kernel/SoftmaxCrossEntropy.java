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
 * int32 {@code [rows]}. {@code state}: the 64 bytes of {@link StepState}; rows from {@code state.count} on are ignored.
 * {@code metrics}: a ring of {@link StepMetrics}, of which entry {@code state.slot} is written. {@code workspace}: any content;
 * {@code tickets}: zero before the first use, and left zero.
 *
 * <p>A label outside {@code [0, classes)} gives a NaN loss and gradient; a row with a NaN loss never counts as correct. Ties: the
 * lower class ranks first.
 */
public final class SoftmaxCrossEntropy {

    /** Rows a block handles, one warp each: LOSS_WARPS in loss.cu. */
    private static final int ROWS_PER_BLOCK = 8;

    private final int blocks;
    private final Launch run;
    private final Launch evaluate;

    /**
     * @param logits    {@code Shape.matrix(rows, classes)}
     * @param smoothing in [0, 1): the share of the target spread over all classes
     */
    public SoftmaxCrossEntropy(Device device, Shape logits, DType type, float smoothing) {
        if (!(smoothing >= 0 && smoothing < 1)) {
            throw new IllegalArgumentException("label smoothing " + smoothing + ": it must be at least 0 and below 1");
        }
        if (logits.h() != 1 || logits.w() != 1) {
            throw new IllegalArgumentException("softmax cross-entropy takes a matrix of logits, not " + logits
                    + ": pool or flatten before it");
        }
        blocks = VectorGrid.blocks(logits.n(), ROWS_PER_BLOCK);
        run = launch(device, "softmax_cross_entropy_train_" + type.suffix(), logits, smoothing, 7);
        evaluate = launch(device, "softmax_cross_entropy_evaluate_" + type.suffix(), logits, smoothing, 6);
    }

    private Launch launch(Device device, String entry, Shape logits, float smoothing, int pointers) {
        Launch launch = device.kernel(entry).launch().describe("softmax cross-entropy " + logits.n() + "x" + logits.c())
                .grid(blocks, 1, 1).block(ROWS_PER_BLOCK * 32);
        for (int i = 0; i < pointers; i++) {
            launch.pointer();
        }
        return launch.i32(logits.n()).i32(logits.c()).i32(logits.channelStride()).f32(smoothing);
    }

    /** Bytes of partial results. */
    public long workspaceBytes() {
        return (long) blocks * StepMetrics.BYTES;
    }

    /** Ints of {@code tickets}. */
    public int tickets() {
        return 1;
    }

    /** Loss, counts, and {@code dlogits} = gradient of the mean loss over the valid rows; surplus columns and rows are 0. */
    public void run(CUdeviceptr logits, CUdeviceptr labels, CUdeviceptr state, CUdeviceptr dlogits, CUdeviceptr metrics,
                    CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        run.enqueue(stream, logits, labels, state, dlogits, metrics, workspace, tickets);
    }

    /** Loss and counts alone. */
    public void evaluate(CUdeviceptr logits, CUdeviceptr labels, CUdeviceptr state, CUdeviceptr metrics, CUdeviceptr workspace,
                         CUdeviceptr tickets, CUstream stream) {
        evaluate.enqueue(stream, logits, labels, state, metrics, workspace, tickets);
    }
}
