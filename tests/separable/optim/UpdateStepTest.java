package separable.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.device.Device;
import separable.device.Stream;
import separable.graph.InitialValue;
import separable.graph.Parameter;
import separable.graph.Parameters;
import separable.graph.StateEntry;
import separable.kernel.StepState;
import separable.spec.DType;
import separable.testing.DeviceExtension;
import separable.testing.Narrow;

@ExtendWith(DeviceExtension.class)
class UpdateStepTest {

    private static final List<StateEntry> STATE = List.of(
            Parameter.vector("decayed", 70, true, InitialValue.constant(1)),
            Parameter.vector("kept", 5, false, InitialValue.constant(1)));

    @Test
    void everyOptimizerMovesTheWeightsOnceAStep(Device device, Stream stream) {
        // The gradient is 2, the weight 1 and the rate 0.1; the first step of every rule can be done in the head.
        expectFirstStep(device, stream, new Sgd(0.9f, 0.5f, false), 1 - 0.1f * 2.5f, 1 - 0.1f * 2);
        expectFirstStep(device, stream, new Sgd(0.5f, 0, true), 1 - 0.1f * 3, 1 - 0.1f * 3);
        expectFirstStep(device, stream, new RmsProp(0.5f, 0, 1.5f, 0), 0.9f, 0.9f);   // ms = (1 + 4) / 2, root of 4
        expectFirstStep(device, stream, new Adam(0.9f, 0.999f, 1e-8f, 0.5f, false), 0.9f, 0.9f);
        expectFirstStep(device, stream, new Adam(0.9f, 0.999f, 1e-8f, 0.5f, true), 0.95f - 0.1f, 0.9f);
    }

    private static void expectFirstStep(Device device, Stream stream, Optimizer optimizer, float decayed, float kept) {
        for (DType type : DType.values()) {
            try (Parameters parameters = new Parameters(device, STATE, type); StepState state = new StepState(device);
                    UpdateStep update = optimizer.bind(device, parameters, state)) {
                parameters.initialise(1, stream);
                float[] gradients = new float[parameters.elements()];
                Arrays.fill(gradients, 2);
                parameters.gradients().write(gradients);
                state.write(StepState.Values.epoch(1, 0, 1, 0.1f, 1));

                update.enqueue(stream);

                float[] weights = parameters.weights().readFloats(0, parameters.elements());
                int second = parameters.layout().offset("kept");
                assertThat(weights[69]).as("%s", optimizer).isCloseTo(decayed, within(1e-6f));
                assertThat(weights[second]).as("%s", optimizer).isCloseTo(kept, within(1e-6f));
                parameters.weights16().ifPresent(copy ->
                        assertThat(copy.readShorts(0, second + 1)[second]).isEqualTo(Narrow.bits(weights[second], type)));
                assertThat(update.slots()).hasSize(optimizer.slots());
            }
        }
    }
}
