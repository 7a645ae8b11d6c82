package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.testing.DeviceExtension;

@ExtendWith(DeviceExtension.class)
class StepStateTest {

    @Test
    void comesBackAsWritten(Device device) {
        StepState state = new StepState(device);
        StepState.Values values = new StepState.Values(-5, 1L << 40, 128, 64, 3, 60000, 0.25f, 64);
        state.write(values);
        assertThat(state.read()).isEqualTo(values);
    }

    @Test
    void advancesThroughARaggedEpoch(Device device, Stream stream) {
        StepState state = new StepState(device);
        DeviceBuffer rates = device.allocate(5 * 4, "learning rates");
        rates.write(new float[] {0.1f, 0.2f, 0.3f, 0.4f, 0.5f});
        state.write(StepState.Values.epoch(9, 2, 10, 0.3f, 4));

        int[] counts = {4, 2, 0, 0};
        float[] learningRates = {0.4f, 0.5f, 0.5f, 0.5f};
        assertThat(state.read()).isEqualTo(new StepState.Values(9, 2, 0, 4, 0, 10, 0.3f, 4));
        for (int i = 0; i < counts.length; i++) {
            state.advance(rates.pointer(), 5, stream.handle());
            assertThat(state.read()).isEqualTo(
                    new StepState.Values(9, 3 + i, 4 * (i + 1), counts[i], 1 + i, 10, learningRates[i], 4));
        }
    }

    /** Three batches a step: the rate and the number of updates move with the third. */
    @Test
    void movesOverTheBatchesOfAStep(Device device, Stream stream) {
        StepState state = new StepState(device);
        DeviceBuffer rates = device.allocate(3 * 4, "learning rates");
        rates.write(new float[] {0.1f, 0.2f, 0.3f});
        state.write(new StepState.Values(9, 3, 0, 4, 0, 18, 0.2f, 4, 1));
        state.nextBatch(stream.handle());
        state.nextBatch(stream.handle());
        assertThat(state.read()).isEqualTo(new StepState.Values(9, 5, 8, 4, 2, 18, 0.2f, 4, 1));
        state.advance(rates.pointer(), 3, stream.handle());
        assertThat(state.read()).isEqualTo(new StepState.Values(9, 6, 12, 4, 3, 18, 0.3f, 4, 2));
        state.nextBatch(stream.handle());
        assertThat(state.read()).isEqualTo(new StepState.Values(9, 7, 16, 2, 4, 18, 0.3f, 4, 2));
    }

    @Test
    void refusesWhatCannotBe(Device device, Stream stream) {
        assertThatThrownBy(() -> new StepState.Values(0, 0, 8, 4, 0, 10, 0.1f, 4)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("position 8 of 10, 4 of a batch of 4");
        assertThatThrownBy(() -> new StepState.Values(0, 3, 0, 4, 0, 10, 0.1f, 4, 4)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("step 3, 4 updates");
        StepState state = new StepState(device);
        assertThatThrownBy(() -> state.advance(state.pointer(), 0, stream.handle())).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("table of 0");
    }
}
