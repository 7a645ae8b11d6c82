package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;

/**
 * Clipping by the Euclidean norm over all gradients, as PyTorch's {@code clip_grad_norm_}: leaves
 * <pre>
 * min(1, limit / (norm + 1e-6))
 * </pre>
 * in the {@link StepState}, and the updates that read the state multiply gradients by it. Weight decay is added after that. The
 * squares are folded in a fixed order: the same gradients give the same bits.
 */
public final class GradientClip extends DeviceOp<GradientClip.Launches> {

    /** Threads of a CTA: FOLD_THREADS in fold.cuh. */
    private static final int THREADS = 64;

    /** Vectors of a thread that are worth its share of the fold. */
    private static final int RUN = 16;

    private static final int CTAS_PER_MULTIPROCESSOR = 4;
    private static final int VECTOR_BYTES = 8 * Float.BYTES;

    record Launches(Launch run, Fold fold) {
    }

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @param elements a multiple of 64
     * @param limit    of the norm, above 0
     */
    public GradientClip(int elements, float limit) {
        super(Device.current(), device -> launches(device, elements, limit));
    }

    /**
     * @param elements a multiple of 64
     * @param limit    of the norm, above 0
     */
    public GradientClip(Device device, int elements, float limit) {
        super(device.lend(), share -> launches(share, elements, limit));
    }

    private static Launches launches(Device device, int elements, float limit) {
        HyperParameters.requirePositive("clipping norm", limit);
        Launches squares = squares(device, "gradient_norm", elements);
        squares.run().f32(limit);
        return squares;
    }

    /** A launch over all gradients that folds their squares, {@code state} an output and the number of vectors its last argument so far. */
    static Launches squares(Device device, String entry, int elements) {
        int vectors = FlatUpdate.vectors(elements);
        int parts = Math.min(VectorGrid.blocks(vectors, THREADS * RUN), CTAS_PER_MULTIPROCESSOR * device.multiprocessors());
        Fold fold = new Fold((long) parts * VECTOR_BYTES, 1);
        Launch run = FlatUpdate.overFlat(device, entry, elements).grid(parts, 1, 1).block(THREADS)
                .input("gradients", (long) elements * Float.BYTES).output("state", StepState.BYTES);
        return new Launches(fold.append(run).i32(vectors), fold);
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
     * @param gradients fp32 {@code [elements]}
     * @param state     the bytes of {@link StepState}, whose scale of gradients is written
     * @param workspace of any content
     * @param tickets   zero before the first use, and left zero
     */
    public void run(CUdeviceptr gradients, CUdeviceptr state, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        launches.run().enqueue(stream, gradients, state, workspace, tickets);
    }
}
