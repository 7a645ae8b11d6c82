package separable.train;

import java.util.List;
import java.util.Optional;
import jcuda.driver.CUdeviceptr;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.graph.Parameters;
import separable.kernel.GradientAccumulation;
import separable.kernel.GradientClip;
import separable.kernel.LossScale;
import separable.kernel.LossScaling;
import separable.kernel.StepState;
import separable.optim.Schedule;
import separable.optim.UpdateStep;
import separable.spec.DType;

/**
 * What follows the gradients of each batch, all of it on the device: they are averaged over the batches of a step; after the last of
 * them clipped, turned into new weights, and those averaged over the steps; then the step state moves on.
 */
final class WeightUpdate implements AutoCloseable {

    private interface Enqueue {
        void on(Stream stream);
    }

    private final Owned owned = new Owned();
    private final Device device;
    private final Parameters parameters;
    private final StepState state;
    private final Enqueue[] afterBatch;
    private final UpdateStep rule;
    private final Optional<AveragedWeights> average;

    /** @param parameters whose weight decay this also places; to be closed after this */
    WeightUpdate(Device device, Recipe recipe, Schedule schedule, Parameters parameters, StepState state) {
        this.device = device;
        this.parameters = parameters;
        this.state = state;
        UpdateConfig config = recipe.update();
        parameters.decayOn(config::decays);
        try {
            DeviceBuffer table = owned.keep(device.allocate((long) schedule.steps() * Float.BYTES, "learning rates"));
            table.write(schedule.table());
            rule = owned.keep(recipe.optimizer().rule().bind(device, parameters, state));
            average = config.ema() == 0 ? Optional.empty() : Optional.of(owned.keep(new AveragedWeights(device, parameters, state, config.ema())));
            Enqueue clip = recipe.type() == DType.F16 ? scaling(config.clipNorm()) : config.clipNorm() == 0 ? stream -> { } : clipping(config.clipNorm());
            Enqueue averaging = average.isEmpty() ? stream -> { } : average.get()::enqueue;
            CUdeviceptr rates = table.pointer();
            afterBatch = accumulating(config.accumulate(), stream -> {
                clip.on(stream);
                rule.enqueue(stream);
                averaging.on(stream);
                state.advance(rates, schedule.steps(), stream.handle());
            });
        } catch (RuntimeException failure) {
            throw owned.closedAfter(failure);
        }
    }

    private Enqueue clipping(float norm) {
        GradientClip clip = owned.keep(new GradientClip(device, parameters.elements(), norm));
        CUdeviceptr gradients = parameters.gradients().pointer();
        CUdeviceptr workspace = squares(clip.workspaceBytes());
        CUdeviceptr tickets = arrivals(clip.tickets());
        return stream -> clip.run(gradients, state.pointer(), workspace, tickets, stream.handle());
    }

    /** Gradients of a scaled loss, clipped where {@code norm} is not 0. */
    private Enqueue scaling(float norm) {
        LossScaling scaling = owned.keep(new LossScaling(device, parameters.elements(), norm == 0 ? Float.POSITIVE_INFINITY : norm, LossScale.GROWTH_INTERVAL));
        CUdeviceptr gradients = parameters.gradients().pointer();
        CUdeviceptr workspace = squares(scaling.workspaceBytes());
        CUdeviceptr tickets = arrivals(scaling.tickets());
        return stream -> scaling.run(gradients, state.pointer(), workspace, tickets, stream.handle());
    }

    private CUdeviceptr squares(long bytes) {
        return owned.keep(device.allocate(bytes, "sums of squares")).pointer();
    }

    private CUdeviceptr arrivals(int count) {
        DeviceBuffer tickets = owned.keep(device.allocate((long) count * Integer.BYTES, "tickets of the norm"));
        tickets.zero();
        return tickets.pointer();
    }

    /** What to do after each of {@code batches} batches; {@code last} after the last one's share. */
    private Enqueue[] accumulating(int batches, Enqueue last) {
        if (batches == 1) {
            return new Enqueue[] {last};
        }
        GradientAccumulation accumulation = owned.keep(new GradientAccumulation(device, parameters.elements(), batches));
        CUdeviceptr gradients = parameters.gradients().pointer();
        CUdeviceptr sum = owned.keep(device.allocate((long) parameters.elements() * Float.BYTES, "sum of gradients")).pointer();
        Enqueue[] steps = new Enqueue[batches];
        for (int batch = 0; batch < batches - 1; batch++) {
            boolean begins = batch == 0;
            steps[batch] = stream -> {
                if (begins) {
                    accumulation.begin(gradients, sum, stream.handle());
                } else {
                    accumulation.add(gradients, sum, stream.handle());
                }
                state.nextBatch(stream.handle());
            };
        }
        steps[batches - 1] = stream -> {
            accumulation.finish(gradients, sum, stream.handle());
            last.on(stream);
        };
        return steps;
    }

    /** Enqueues what follows the reverse pass of a step's batch. @param batch counted from 0 */
    void enqueue(int batch, Stream stream) {
        afterBatch[batch].on(stream);
    }

    /** The optimizer's state buffers. */
    List<DeviceBuffer> slots() {
        return rule.slots();
    }

    /** Weights and running statistics averaged over the steps, where that is wanted. */
    Optional<Parameters> average() {
        return average.map(AveragedWeights::parameters);
    }

    /** To be called when the weights were set from the host and no step is done: their average begins there. */
    void weightsSet() {
        average.ifPresent(AveragedWeights::restart);
    }

    @Override
    public void close() {
        owned.close();
    }
}
