package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.spec.DType;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.Narrow;
import separable.testing.Poisoned;

/** Accumulation, clipping and averages against the published formulas in double precision. */
@ExtendWith(DeviceExtension.class)
class GradientTest {

    /** Enough for several CTAs of the norm. */
    private static final int MANY = 64 * 1333;

    private static float[] random(int n, long seed) {
        Random random = new Random(seed);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static DeviceBuffer upload(Device device, float[] values) {
        DeviceBuffer buffer = device.allocate((long) values.length * Float.BYTES, "values");
        buffer.write(values);
        return buffer;
    }

    private static void expect(DeviceBuffer actual, int n, IntToDoubleFunction expected, double rtol, String what) {
        double[] read = new double[n];
        double[] wanted = new double[n];
        float[] floats = actual.readFloats(0, n);
        Arrays.setAll(read, i -> floats[i]);
        Arrays.setAll(wanted, expected);
        Expect.close(read, wanted, 1e-6, rtol, what);
    }

    @ParameterizedTest
    @ValueSource(ints = {64, MANY})
    void gradientsOfThreeBatchesBecomeTheirMean(int n, Device device, Stream stream) {
        float[][] batches = {random(n, 0), random(n, 1), random(n, 2)};
        DeviceBuffer gradients = upload(device, batches[0]);
        DeviceBuffer sum = Poisoned.buffer(device, n * 4L);
        GradientAccumulation accumulation = new GradientAccumulation(device, n, 3);
        accumulation.begin(gradients.pointer(), sum.pointer(), stream.handle());
        gradients.write(batches[1]);
        accumulation.add(gradients.pointer(), sum.pointer(), stream.handle());
        gradients.write(batches[2]);
        accumulation.finish(gradients.pointer(), sum.pointer(), stream.handle());
        expect(gradients, n, i -> ((double) batches[0][i] + batches[1][i] + batches[2][i]) / 3, 1e-6, "means");
    }

    /** Seen through the update that uses it: SGD at rate 1 takes from weights of 0 what it makes of the gradients. */
    @ParameterizedTest(name = "{0} elements, norm at most {1}")
    @CsvSource({"64, 2", "192, 1e6", MANY + ", 10", MANY + ", 1e6"})
    void gradientsAreScaledToTheNorm(int n, float limit, Device device, Stream stream) {
        float[] values = random(n, 7);
        DeviceBuffer gradients = upload(device, values);
        StepState state = new StepState(device);
        state.write(StepState.Values.epoch(1, 0, 1, 1f, 1));
        GradientClip clip = new GradientClip(device, n, limit);
        DeviceBuffer workspace = Poisoned.buffer(device, clip.workspaceBytes());
        DeviceBuffer tickets = upload(device, new float[clip.tickets()]);
        float[] once = clipped(device, stream, gradients, n, () ->
                clip.run(gradients.pointer(), state.pointer(), workspace.pointer(), tickets.pointer(), stream.handle()), state);

        double norm = Math.sqrt(squares(values));
        double scale = Math.min(1, limit / (norm + 1e-6));
        assertThat(scale < 1).as("both cases are tried").isEqualTo(limit < 1e6f);
        Expect.close(doubles(once), scaled(values, scale), 0, scale < 1 ? 2e-6 : 0, "gradients after clipping");
        float[] again = clipped(device, stream, gradients, n, () ->
                clip.run(gradients.pointer(), state.pointer(), workspace.pointer(), tickets.pointer(), stream.handle()), state);
        assertThat(again).as("the tickets are left 0, and the bits are the same").isEqualTo(once);
    }

    private static float[] clipped(Device device, Stream stream, DeviceBuffer gradients, int n, Runnable clip, StepState state) {
        DeviceBuffer weights = upload(device, new float[n]);
        DeviceBuffer velocity = upload(device, new float[n]);
        DeviceBuffer mask = device.allocate(n / 64, "decay mask");
        mask.zero();
        clip.run();
        new SgdUpdate(device, n, DType.F32, 0, 0, false).run(weights.pointer(), null, gradients.pointer(), velocity.pointer(), mask.pointer(),
                state.pointer(), stream.handle());
        float[] taken = weights.readFloats(0, n);
        for (int i = 0; i < n; i++) {
            taken[i] = -taken[i];
        }
        return taken;
    }

    private static double squares(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return sum;
    }

    private static double[] doubles(float[] values) {
        return scaled(values, 1);
    }

    private static double[] scaled(float[] values, double scale) {
        double[] wide = new double[values.length];
        Arrays.setAll(wide, i -> values[i] * scale);
        return wide;
    }

    /** Also far into a run, where the decay itself is what counts. */
    @ParameterizedTest
    @EnumSource
    void averagesFollowQuicklyAtFirst(DType copy, Device device, Stream stream) {
        int n = 192;
        float decay = 0.99f;
        double[] expected = doubles(random(n, 0));
        DeviceBuffer average = upload(device, random(n, 0));
        DeviceBuffer average16 = Poisoned.buffer(device, n * 2L);
        StepState state = new StepState(device);
        MovingAverage kernel = new MovingAverage(device, n, copy, decay);
        for (int updates : new int[] {0, 1, 2, 2000, 2001}) {
            float[] values = random(n, 1 + updates);
            state.write(new StepState.Values(1, 4L * updates, 0, 1, 0, 1, 0, 1, updates));
            kernel.run(average.pointer(), copy == DType.F32 ? null : average16.pointer(), upload(device, values).pointer(), state.pointer(), stream.handle());
            double kept = Math.min(decay, (2.0 + updates) / (11.0 + updates));
            Arrays.setAll(expected, i -> kept * expected[i] + (1 - kept) * values[i]);
        }
        expect(average, n, i -> expected[i], 1e-6, "average");
        float[] exact = average.readFloats(0, n);
        short[] rounded = average16.readShorts(0, n);
        for (int i = 0; i < n; i++) {
            assertThat(rounded[i]).isEqualTo(copy == DType.F32 ? (short) 0xffff : Narrow.bits(exact[i], copy));
        }
    }

    @Test
    void refusesBadSettings(Device device) {
        assertThatThrownBy(() -> new GradientAccumulation(device, 64, 1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("1 batches");
        assertThatThrownBy(() -> new GradientAccumulation(device, 100, 2)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("100 elements");
        assertThatThrownBy(() -> new GradientClip(device, 64, 0)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("clipping norm 0.0");
        assertThatThrownBy(() -> new MovingAverage(device, 64, DType.F32, 1)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("decay 1.0");
    }
}
