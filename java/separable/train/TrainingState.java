package separable.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import separable.device.DeviceBuffer;
import separable.exchange.NamedTensor;
import separable.exchange.StateTensors;
import separable.graph.Parameters;
import separable.graph.StateValue;

/**
 * A run's state on the device as tensors of a file: the model under {@code model.NAME}, the optimizer's buffers under
 * {@code optimizer.SLOT.NAME}, the averaged model under {@code average.NAME} where there is one, all in PyTorch's shapes. Gradients and the bf16 copy of the weights follow from these.
 */
final class TrainingState {

    private static final String MODEL = "model.";
    private static final String AVERAGE = "average.";

    private TrainingState() {
    }

    static List<NamedTensor> save(Parameters parameters, WeightUpdate update) {
        List<NamedTensor> tensors = new ArrayList<>(weights(parameters, MODEL));
        List<DeviceBuffer> slots = update.slots();
        for (int slot = 0; slot < slots.size(); slot++) {
            String prefix = optimizer(slot);
            parameters.export(slots.get(slot)).forEach((name, value) -> tensors.add(StateTensors.tensor(prefix + name, value)));
        }
        update.average().ifPresent(average -> tensors.addAll(weights(average, AVERAGE)));
        return tensors;
    }

    /** Weights, running statistics and counters, under PyTorch's names after {@code prefix}. */
    static List<NamedTensor> weights(Parameters parameters, String prefix) {
        List<NamedTensor> tensors = new ArrayList<>();
        parameters.export().forEach((name, value) -> tensors.add(StateTensors.tensor(prefix + name, value)));
        return tensors;
    }

    /** @throws IllegalArgumentException naming an entry that is missing, superfluous or of another shape or type */
    static void load(Parameters parameters, WeightUpdate update, Map<String, NamedTensor> tensors) {
        List<DeviceBuffer> slots = update.slots();
        Map<String, NamedTensor> left = new LinkedHashMap<>(tensors);
        parameters.load(take(left, MODEL));
        for (int slot = 0; slot < slots.size(); slot++) {
            Map<String, StateValue.Floats> values = new LinkedHashMap<>();
            take(left, optimizer(slot)).forEach((name, value) -> values.put(name, floats(name, value)));
            parameters.load(values, slots.get(slot));
        }
        update.average().ifPresent(average -> average.load(take(left, AVERAGE)));
        if (!left.isEmpty()) {
            throw new IllegalArgumentException("'" + left.keySet().iterator().next() + "' and " + (left.size() - 1)
                    + " more are not of this network and optimizer");
        }
    }

    private static String optimizer(int slot) {
        return "optimizer." + slot + ".";
    }

    /** Removes the entries whose name begins with {@code prefix}, and gives them without it. */
    private static Map<String, StateValue> take(Map<String, NamedTensor> tensors, String prefix) {
        Map<String, StateValue> values = new LinkedHashMap<>();
        tensors.entrySet().removeIf(entry -> {
            if (!entry.getKey().startsWith(prefix)) {
                return false;
            }
            values.put(entry.getKey().substring(prefix.length()), StateTensors.value(entry.getValue()));
            return true;
        });
        return values;
    }

    private static StateValue.Floats floats(String name, StateValue value) {
        if (value instanceof StateValue.Floats floats) {
            return floats;
        }
        throw new IllegalArgumentException("'" + name + "' of the optimizer is a counter instead of fp32 values");
    }
}
