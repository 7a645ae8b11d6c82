package separable.train;

import java.nio.ByteBuffer;
import java.util.Optional;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Event;
import separable.device.PinnedBuffer;
import separable.device.Stream;
import separable.kernel.LossScale;
import separable.kernel.StepMetrics;
import separable.kernel.StepState;

/**
 * Brings the figures that steps leave on the device to the host without a wait: a copy to pinned memory is enqueued behind
 * the steps, and looked at once its event has passed. One copy is under way at a time.
 */
final class MetricsReader implements AutoCloseable {

    private final Owned owned = new Owned();
    private final DeviceBuffer ring;
    private final PinnedBuffer host;
    private final ByteBuffer figures;
    private final Event copied;
    /** Where the loss is scaled, else null. */
    private final StepState state;
    private final PinnedBuffer stateOnHost;
    private final ByteBuffer stateBytes;
    private LossScale scale = LossScale.NONE;
    private int arrived;
    private int requested;
    // The sum so far, in numbers: a step must leave no garbage behind.
    private double lossSum;
    private int top1;
    private int top5;
    private int count;

    /** @param ring a slot for each step of an epoch */
    MetricsReader(Device device, DeviceBuffer ring) {
        this(device, ring, Optional.empty());
    }

    /** @param scaled of a run whose loss is scaled */
    MetricsReader(Device device, DeviceBuffer ring, Optional<StepState> scaled) {
        this.ring = ring;
        this.state = scaled.orElse(null);
        try {
            host = owned.keep(device.allocatePinned(ring.bytes(), "step metrics on the host"));
            figures = host.bytes();
            stateOnHost = state == null ? null : owned.keep(device.allocatePinned(StepState.BYTES, "step state on the host"));
            stateBytes = state == null ? null : stateOnHost.bytes();
            copied = owned.keep(device.newEvent());
        } catch (RuntimeException failure) {
            throw owned.closedAfter(failure);
        }
    }

    /** Starts anew at slot 0. Nothing may be under way. */
    void restart() {
        restart(0, Evaluation.NOTHING, LossScale.NONE);
    }

    /** Starts at slot {@code steps}, with the figures of those before it and the scale after them. Nothing may be under way. */
    void restart(int steps, Evaluation soFar, LossScale reached) {
        scale = reached;
        arrived = steps;
        requested = steps;
        lossSum = soFar.lossSum();
        top1 = soFar.top1();
        top5 = soFar.top5();
        count = soFar.count();
    }

    /** Asks for the figures of the first {@code steps} steps, all enqueued before; left out while a copy is under way. */
    void request(int steps, Stream stream) {
        if (requested > arrived || steps == arrived) {
            return;
        }
        long offset = (long) arrived * StepMetrics.BYTES;
        ring.readAsync(offset, host, offset, (long) (steps - arrived) * StepMetrics.BYTES, stream);
        if (state != null) {
            state.readAsync(stateOnHost, stream);
        }
        stream.record(copied);
        requested = steps;
    }

    /** Takes in what has come. @return whether anything new has */
    boolean poll() {
        if (requested == arrived || !copied.isDone()) {
            return false;
        }
        for (; arrived < requested; arrived++) {
            StepMetrics step = StepMetrics.at(figures, arrived);
            lossSum += step.lossSum();
            top1 += step.top1();
            top5 += step.top5();
            count += step.count();
        }
        if (state != null) {
            scale = StepState.Values.scaleIn(stateBytes);
        }
        return true;
    }

    /** Waits for everything enqueued. @return the figures of all {@code steps} steps */
    Evaluation finish(int steps, Stream stream) {
        stream.synchronize();
        poll();
        request(steps, stream);
        stream.synchronize();
        poll();
        return soFar();
    }

    /** Steps whose figures have come. */
    int steps() {
        return arrived;
    }

    /** Over those steps. */
    Evaluation soFar() {
        return new Evaluation(lossSum, top1, top5, count);
    }

    /** Of the loss, after those steps. */
    LossScale scale() {
        return scale;
    }

    @Override
    public void close() {
        owned.close();
    }
}
