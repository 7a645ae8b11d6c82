package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.spec.DType;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.Poisoned;

/** Many steps of check, update, average and advance against plain loops. */
@ExtendWith(DeviceExtension.class)
class LossScalingTest {

    private static final int STEPS = 40;
    private static final int INTERVAL = 3;
    private static final float DECAY = 0.9f;
    private static final float[] RATES = {1f, 0.5f, 0.25f, 0.125f, 2f};

    /** What the host expects, in double precision. */
    private static final class Twin {
        final double[] weights;
        final double[] average;
        double scale = LossScale.first(DType.F16).factor();
        int good;
        int skipped;
        int updates;

        Twin(int n) {
            weights = new double[n];
            average = new double[n];
        }

        void step(float[] scaled, double limit) {
            double squares = 0;
            for (float g : scaled) {
                squares += g / scale * (g / scale);
            }
            if (!(squares <= Float.MAX_VALUE)) {
                scale /= 2;
                good = 0;
                skipped++;
                return;
            }
            double rate = RATES[Math.min(updates + skipped, RATES.length - 1)];
            double clip = Math.min(1, limit / (Math.sqrt(squares) + 1e-6));
            double kept = Math.min(DECAY, (2.0 + updates) / (11.0 + updates));
            for (int i = 0; i < weights.length; i++) {
                weights[i] -= rate * clip * (scaled[i] / scale);
                average[i] = kept * average[i] + (1 - kept) * weights[i];
            }
            updates++;
            if (++good == INTERVAL) {
                good = 0;
                scale *= 2;
            }
        }
    }

    /** Of every five steps two overflow, now by an infinity, now by a NaN, now by numbers whose squares are too large, wherever they lie. */
    private static float[] gradients(int n, double scale, Random random) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (scale * (random.nextFloat() - 0.5));
        }
        int at = random.nextInt(n);
        switch (random.nextInt(5)) {
            case 0 -> values[at] = random.nextBoolean() ? Float.POSITIVE_INFINITY : Float.NEGATIVE_INFINITY;
            case 1 -> values[at] = random.nextBoolean() ? Float.NaN : 1e30f;
            default -> { }
        }
        return values;
    }

    @ParameterizedTest(name = "{0} elements, norm at most {1}")
    @CsvSource({"64, 1", "192, Infinity", "70016, 30", "70016, Infinity"})
    void stepsAreScaledSkippedAndCounted(int n, float limit, Device device, Stream stream) {
        LossScaling scaling = new LossScaling(device, n, limit, INTERVAL);
        SgdUpdate update = new SgdUpdate(device, n, DType.F16, 0, 0, false);
        MovingAverage averaging = new MovingAverage(device, n, DType.F32, DECAY);
        StepState state = new StepState(device);
        state.write(StepState.Values.epoch(1, 0, STEPS, RATES[0], 1).withScale(LossScale.first(DType.F16)));
        DeviceBuffer weights = zeros(device, n);
        DeviceBuffer weights16 = zeros(device, n);
        DeviceBuffer velocity = zeros(device, n);
        DeviceBuffer average = zeros(device, n);
        DeviceBuffer mask = zeros(device, n / 64);
        DeviceBuffer rates = device.allocate(RATES.length * 4L, "rates");
        rates.write(RATES);
        DeviceBuffer gradients = zeros(device, n);
        DeviceBuffer workspace = Poisoned.buffer(device, scaling.workspaceBytes());
        DeviceBuffer tickets = Poisoned.tickets(device, scaling.tickets());
        Twin twin = new Twin(n);
        Random random = new Random(n);
        for (int step = 0; step < STEPS; step++) {
            float[] values = gradients(n, twin.scale, random);
            gradients.write(values);
            float[] before = weights.readFloats(0, n);
            int skipped = twin.skipped;
            scaling.run(gradients.pointer(), state.pointer(), workspace.pointer(), tickets.pointer(), stream.handle());
            update.run(weights.pointer(), weights16.pointer(), gradients.pointer(), velocity.pointer(), mask.pointer(), state.pointer(), stream.handle());
            averaging.run(average.pointer(), null, weights.pointer(), state.pointer(), stream.handle());
            state.advance(rates.pointer(), RATES.length, stream.handle());
            stream.synchronize();
            twin.step(values, limit);
            if (twin.skipped > skipped) {
                assertThat(weights.readFloats(0, n)).as("weights after skipped step %d", step).isEqualTo(before);
            }
            assertThat(state.read()).as("after step %d", step).isEqualTo(new StepState.Values(1, step + 1, step + 1, step + 1 < STEPS ? 1 : 0, step + 1, STEPS,
                    RATES[Math.min(step + 1, RATES.length - 1)], 1, twin.updates, new LossScale((float) twin.scale, twin.good, twin.skipped)));
        }
        assertThat(twin.skipped).as("skipped steps").isBetween(5, STEPS - 5);
        assertThat(tickets.readInts(0, scaling.tickets())).containsOnly(0);
        Expect.close(doubles(weights.readFloats(0, n)), twin.weights, 1e-5, 1e-5, "weights");
        Expect.close(doubles(average.readFloats(0, n)), twin.average, 1e-5, 1e-5, "average");
    }

    private static DeviceBuffer zeros(Device device, int floats) {
        DeviceBuffer buffer = device.allocate(floats * 4L, "zeros");
        buffer.zero();
        return buffer;
    }

    private static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }

    /** The other rules skip as SGD does: nothing they write changes by a bit. */
    @Test
    void noRuleWritesInASkippedStep(Device device, Stream stream) {
        int n = 1024;
        DeviceBuffer infinite = zeros(device, n);
        infinite.write(new float[] {Float.POSITIVE_INFINITY});
        StepState state = new StepState(device);
        state.write(StepState.Values.epoch(1, 0, 1, 0.1f, 1).withScale(LossScale.first(DType.F16)));
        LossScaling scaling = new LossScaling(device, n, 1, 1);
        scaling.run(infinite.pointer(), state.pointer(), Poisoned.buffer(device, scaling.workspaceBytes()).pointer(),
                Poisoned.tickets(device, scaling.tickets()).pointer(), stream.handle());
        DeviceBuffer[] written = new DeviceBuffer[5];
        for (int i = 0; i < written.length; i++) {
            written[i] = Poisoned.buffer(device, n * 4L);
        }
        byte[] poison = written[0].readBytes(0, n * 4);
        DeviceBuffer mask = zeros(device, n / 64);
        new AdamUpdate(device, n, DType.F16, 0.9f, 0.99f, 1e-8f, 0.1f, true).run(written[0].pointer(), written[1].pointer(), infinite.pointer(),
                written[2].pointer(), written[3].pointer(), mask.pointer(), state.pointer(), stream.handle());
        new RmsPropUpdate(device, n, DType.F16, 0.9f, 0.9f, 1, 0).run(written[0].pointer(), written[1].pointer(), infinite.pointer(),
                written[2].pointer(), written[3].pointer(), mask.pointer(), state.pointer(), stream.handle());
        new MovingAverage(device, n, DType.F16, 0.9f).run(written[4].pointer(), written[1].pointer(), infinite.pointer(), state.pointer(), stream.handle());
        stream.synchronize();
        for (DeviceBuffer buffer : written) {
            assertThat(buffer.readBytes(0, n * 4)).isEqualTo(poison);
        }
    }

    @Test
    void theScaleStaysAnExactPowerOfTwo(Device device, Stream stream) {
        assertThatThrownBy(() -> new LossScale(3, 0, 0)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("a loss scale of 3.0");
        assertThatThrownBy(() -> new LossScaling(device, 64, 1, 0)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("after 0 good steps");
        LossScaling scaling = new LossScaling(device, 64, 1, 1);
        DeviceBuffer gradients = zeros(device, 64);
        DeviceBuffer workspace = Poisoned.buffer(device, scaling.workspaceBytes());
        DeviceBuffer tickets = Poisoned.tickets(device, scaling.tickets());
        for (float extreme : new float[] {0x1p-126f, 0x1p126f}) {
            StepState state = new StepState(device);
            state.write(StepState.Values.epoch(1, 0, 1, 0.1f, 1).withScale(new LossScale(extreme, 0, 0)));
            gradients.write(new float[] {extreme < 1 ? Float.NaN : 0f});
            scaling.run(gradients.pointer(), state.pointer(), workspace.pointer(), tickets.pointer(), stream.handle());
            stream.synchronize();
            assertThat(state.read().scale().factor()).isEqualTo(extreme);
        }
    }
}
