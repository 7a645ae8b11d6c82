package separable.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Launch;
import separable.device.PinnedBuffer;
import separable.device.Stream;

/**
 * What changes from step to step, in device memory, so that one captured graph serves a whole run: the random streams' seed and
 * step, the batch's place in the epoch's order, the metrics slot, the learning rate, what gradients are multiplied by and how the loss is
 * scaled.
 * {@link #advance} moves it on to the next step on the device, {@link #nextBatch} to the next batch of the same step where
 * {@link GradientAccumulation} makes several batches one; {@link #write} sets it from the host, at the start of an epoch or of a
 * resumed run.
 */
public final class StepState extends DeviceOp<DeviceBuffer> {

    /** Bytes on the device; struct StepState in step_state.cuh. */
    public static final int BYTES = 72;

    private static final int SCALE = 52;

    /**
     * @param seed         key of every random stream of the run
     * @param step         batches done since the run began
     * @param position     first entry of the epoch's order array in the current batch
     * @param count        valid samples of the current batch; rows from here on are ignored
     * @param slot         entry of the metrics ring the current step writes
     * @param total        entries of the order array
     * @param learningRate of the current step
     * @param batch        rows of a full batch
     * @param updates      of the weights since the run began: {@code step}, but where gradients are accumulated or steps skipped
     * @param scale        of the loss
     */
    public record Values(long seed, long step, int position, int count, int slot, int total, float learningRate, int batch, long updates, LossScale scale) {

        public Values {
            Objects.requireNonNull(scale, "scale");
            if (step < 0 || updates < 0 || updates > step || position < 0 || slot < 0 || total < 0 || batch < 1 || count < 0 || count > batch
                    || count > Math.max(0, total - position)) {
                throw new IllegalArgumentException("step " + step + ", " + updates + " updates, at position " + position + " of " + total + ", " + count
                        + " of a batch of " + batch + ", slot " + slot + ": negative, or more than there is");
            }
        }

        /** With a loss that is not scaled. */
        public Values(long seed, long step, int position, int count, int slot, int total, float learningRate, int batch, long updates) {
            this(seed, step, position, count, slot, total, learningRate, batch, updates, LossScale.NONE);
        }

        /** With an update after every batch, too. */
        public Values(long seed, long step, int position, int count, int slot, int total, float learningRate, int batch) {
            this(seed, step, position, count, slot, total, learningRate, batch, step);
        }

        /** The loss's scale in a copy of the state's {@link #BYTES}. */
        public static LossScale scaleIn(ByteBuffer bytes) {
            return new LossScale(bytes.getFloat(SCALE), bytes.getInt(SCALE + 4), bytes.getLong(SCALE + 12));
        }

        /** The same with a scaled loss. */
        public Values withScale(LossScale other) {
            return new Values(seed, step, position, count, slot, total, learningRate, batch, updates, other);
        }

        /** The first batch of an epoch over {@code total} samples, writing metrics slot 0. */
        public static Values epoch(long seed, long step, int total, float learningRate, int batch) {
            return new Values(seed, step, 0, Math.min(batch, total), 0, total, learningRate, batch);
        }
    }

    private Launch advance;
    private Launch nextBatch;
    private int tableLength;

    /** On the context that is current on the calling thread, whoever made it. */
    public StepState() {
        super(Device.current(), StepState::allocate);
    }

    /** On {@code device}, which must stay open as long as this. */
    public StepState(Device device) {
        super(device.lend(), StepState::allocate);
    }

    private static DeviceBuffer allocate(Device device) {
        return device.allocate(BYTES, "step state");
    }

    /** The {@link #BYTES} on the device, to hand to kernels. */
    public CUdeviceptr pointer() {
        return launches.pointer();
    }

    /** Sets the state, gradients unscaled, synchronously: everything enqueued before sees the old one. */
    public void write(Values values) {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.nativeOrder());
        bytes.putLong(values.seed()).putLong(values.step()).putInt(values.position()).putInt(values.count())
                .putInt(values.slot()).putInt(values.total()).putFloat(values.learningRate()).putInt(values.batch()).putLong(values.updates()).putFloat(1)
                .putFloat(values.scale().factor()).putInt(values.scale().goodSteps()).putInt(0).putLong(values.scale().skipped());
        launches.write(bytes.array());
    }

    /** The state after everything enqueued so far, synchronously. */
    public Values read() {
        ByteBuffer bytes = ByteBuffer.wrap(launches.readBytes(0, BYTES)).order(ByteOrder.nativeOrder());
        long seed = bytes.getLong();
        long step = bytes.getLong();
        int position = bytes.getInt();
        int count = bytes.getInt();
        int slot = bytes.getInt();
        int total = bytes.getInt();
        float learningRate = bytes.getFloat();
        int batch = bytes.getInt();
        return new Values(seed, step, position, count, slot, total, learningRate, batch, bytes.getLong(), Values.scaleIn(bytes));
    }

    /** Enqueues a copy of the {@link #BYTES} to the host, for {@link Values#scaleIn}. */
    public void readAsync(PinnedBuffer host, Stream stream) {
        launches.readAsync(0, host, 0, BYTES, stream);
    }


    /**
     * Enqueues the move to the next step: step, slot and updates (of a step that {@link LossScaling} found to be skipped, that number
     * instead) go up by one, position by the batch, {@code count} becomes what is left of the epoch up to a batch, and the learning rate
     * is the table's entry for the new number of updates and skipped steps.
     *
     * @param learningRates fp32 {@code [length]}, one a step of the run; the last one holds for ever after
     */
    public void advance(CUdeviceptr learningRates, int length, CUstream stream) {
        if (length < 1) {
            throw new IllegalArgumentException("a table of " + length + " learning rates: at least 1 is needed");
        }
        if (advance == null || length != tableLength) {
            advance = device().kernel("step_advance").launch().describe("to the next step").grid(1, 1, 1).block(32)
                    .output("state", BYTES).input("learningRates", (long) length * Float.BYTES, Float.BYTES).i32(length);
            tableLength = length;
        }
        advance.enqueue(stream, launches.pointer(), learningRates);
    }

    /** Enqueues the move to the next batch without an update: as {@link #advance}, but updates and learning rate stay. */
    public void nextBatch(CUstream stream) {
        if (nextBatch == null) {
            nextBatch = device().kernel("step_next_batch").launch().describe("to the next batch").grid(1, 1, 1).block(32)
                    .output("state", BYTES);
        }
        nextBatch.enqueue(stream, launches.pointer());
    }

    /** Gives its memory back. */
    @Override
    public void close() {
        Closing.all(List.<AutoCloseable>of(super::close, launches));
    }
}
