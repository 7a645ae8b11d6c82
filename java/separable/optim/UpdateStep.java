package separable.optim;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.graph.Parameters;
import separable.kernel.StepState;

/** An optimiser bound to a model's parameters: one launch a step, and the optimiser's state, which it owns. */
public final class UpdateStep implements AutoCloseable {

    /** The launch, given where everything lies. */
    interface Run {
        void enqueue(Addresses at, CUdeviceptr[] slots, CUstream stream);
    }

    /** @param weights16 null where there is no copy */
    record Addresses(CUdeviceptr weights, CUdeviceptr weights16, CUdeviceptr gradients, CUdeviceptr decayMask, CUdeviceptr state) {
    }

    private final Run run;
    private final Addresses addresses;
    private final List<DeviceBuffer> slots = new ArrayList<>();
    private final CUdeviceptr[] slotPointers;

    UpdateStep(Device device, Optimizer optimizer, Parameters parameters, StepState state, Run run) {
        this.run = run;
        this.addresses = new Addresses(parameters.weights().pointer(),
                parameters.weights16().map(DeviceBuffer::pointer).orElse(null), parameters.gradients().pointer(),
                parameters.decayMask().pointer(), state.pointer());
        this.slotPointers = new CUdeviceptr[optimizer.slots()];
        try {
            for (int slot = 0; slot < slotPointers.length; slot++) {
                DeviceBuffer buffer = device.allocate((long) parameters.elements() * Float.BYTES, "optimiser state " + slot);
                slots.add(buffer);
                float[] values = new float[parameters.elements()];
                Arrays.fill(values, optimizer.initialValue(slot));
                buffer.write(values);
                slotPointers[slot] = buffer.pointer();
            }
        } catch (RuntimeException failure) {
            throw Closing.after(failure, List.of(this));
        }
    }

    /** Enqueues the update of all parameters from their gradients; legal in a capture. */
    public void enqueue(Stream stream) {
        run.enqueue(addresses, slotPointers, stream.handle());
    }

    /** The optimiser's state buffers, fp32, each as long as the parameters: what a checkpoint keeps. */
    public List<DeviceBuffer> slots() {
        return List.copyOf(slots);
    }

    @Override
    public void close() {
        Closing.all(slots);
    }
}
