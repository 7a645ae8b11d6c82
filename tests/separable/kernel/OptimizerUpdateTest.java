package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import jcuda.driver.CUdeviceptr;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.spec.DType;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.Narrow;
import separable.testing.Poisoned;

/** Five steps of every optimiser against the published formula in double precision, one element at a time. */
@ExtendWith(DeviceExtension.class)
class OptimizerUpdateTest {

    private static final int STEPS = 5;
    private static final float DECAY = 0.02f;

    /** One step of one element. */
    private interface Rule {
        /** @param s the element's slots, updated @return the new weight */
        double step(double w, double g, double[] s, double lr, int t, double decay);
    }

    /** One launch; {@code slots[1]} is null for a rule with one. */
    private interface Update {
        void run(CUdeviceptr w, CUdeviceptr w16, CUdeviceptr g, CUdeviceptr[] slots, CUdeviceptr mask, CUdeviceptr state, Stream s);
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 192, 64 * 133})
    void sgd(int n, Device device, Stream stream) {
        for (boolean nesterov : new boolean[] {false, true}) {
            for (float momentum : new float[] {0, 0.9f}) {
                Rule rule = (w, g, s, lr, t, decay) -> {
                    double d = g + decay * w;
                    s[0] = momentum * s[0] + d;
                    return w - lr * (nesterov ? d + momentum * s[0] : s[0]);
                };
                for (DType copy : DType.values()) {
                    SgdUpdate update = new SgdUpdate(device, n, copy, momentum, DECAY, nesterov);
                    check(device, stream, n, copy, rule, 0, (w, w16, g, slots, mask, state, s) ->
                            update.run(w, w16, g, slots[0], mask, state, s.handle()));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 192, 64 * 133})
    void rmsProp(int n, Device device, Stream stream) {
        double rho = 0.9f;
        double momentum = 0.8f;
        double epsilon = 1e-3f;
        Rule rule = (w, g, s, lr, t, decay) -> {
            double d = g + decay * w;
            s[0] = rho * s[0] + (1 - rho) * d * d;
            s[1] = momentum * s[1] + lr * d / Math.sqrt(s[0] + epsilon);
            return w - s[1];
        };
        for (DType copy : DType.values()) {
            RmsPropUpdate update = new RmsPropUpdate(device, n, copy, 0.9f, 0.8f, 1e-3f, DECAY);
            check(device, stream, n, copy, rule, RmsPropUpdate.INITIAL_MEAN_SQUARE, (w, w16, g, slots, mask, state, s) ->
                    update.run(w, w16, g, slots[0], slots[1], mask, state, s.handle()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {64, 192, 64 * 133})
    void adam(int n, Device device, Stream stream) {
        double beta1 = 0.9f;
        double beta2 = 0.999f;
        for (boolean decoupled : new boolean[] {false, true}) {
            Rule rule = (w, g, s, lr, t, decay) -> {
                double d = decoupled ? g : g + decay * w;
                s[0] = beta1 * s[0] + (1 - beta1) * d;
                s[1] = beta2 * s[1] + (1 - beta2) * d * d;
                double denominator = Math.sqrt(s[1]) / Math.sqrt(1 - Math.pow(beta2, t)) + 1e-8f;
                return (decoupled ? w * (1 - lr * decay) : w) - lr / (1 - Math.pow(beta1, t)) * s[0] / denominator;
            };
            for (DType copy : DType.values()) {
                AdamUpdate update = new AdamUpdate(device, n, copy, 0.9f, 0.999f, 1e-8f, DECAY, decoupled);
                check(device, stream, n, copy, rule, 0, (w, w16, g, slots, mask, state, s) ->
                        update.run(w, w16, g, slots[0], slots[1], mask, state, s.handle()));
            }
        }
    }

    @Test
    void refusesBadSettings(Device device) {
        assertThatThrownBy(() -> new SgdUpdate(device, 100, DType.F32, 0.9f, 0, false)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("100 elements").hasMessageContaining("64");
        assertThatThrownBy(() -> new SgdUpdate(device, 64, DType.F32, 1, 0, false)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("momentum 1.0");
        assertThatThrownBy(() -> new AdamUpdate(device, 64, DType.F32, 0.9f, Float.NaN, 1e-8f, 0, false))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("beta2 NaN");
        assertThatThrownBy(() -> new RmsPropUpdate(device, 64, DType.F32, 0.9f, 0, -1, 0))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("epsilon -1.0");
    }

    private static void check(Device device, Stream stream, int n, DType copy, Rule rule, float firstSlot, Update update) {
        Random random = new Random(n);
        double[] expected = random.doubles(n, -1, 1).map(v -> (float) v).toArray();
        double[][] twins = new double[n][];
        for (int i = 0; i < n; i++) {
            twins[i] = new double[] {firstSlot, 0};
        }
        DeviceBuffer weights = upload(device, expected);
        DeviceBuffer weights16 = Poisoned.buffer(device, n * 2L);
        DeviceBuffer[] slots = {upload(device, filled(n, firstSlot)), upload(device, filled(n, 0))};
        DeviceBuffer mask = device.allocate(n / 64, "decay mask");
        mask.write(everyOther(n / 64));
        StepState state = new StepState(device);
        for (int t = 1; t <= STEPS; t++) {
            float lr = 0.1f / t;
            state.write(new StepState.Values(1, t - 1, 0, 1, 0, 1, lr, 1));
            double[] g = random.doubles(n, -1, 1).map(v -> (float) v).toArray();
            update.run(weights.pointer(), copy == DType.F32 ? null : weights16.pointer(), upload(device, g).pointer(),
                    new CUdeviceptr[] {slots[0].pointer(), slots[1].pointer()}, mask.pointer(), state.pointer(), stream);
            for (int i = 0; i < n; i++) {
                expected[i] = rule.step(expected[i], g[i], twins[i], lr, t, i / 64 % 2 == 0 ? 0 : DECAY);
            }
        }
        Expect.close(download(weights, n), expected, 1e-6, 2e-5, "weights");
        for (int slot = 0; slot < 2; slot++) {
            int k = slot;
            double[] twin = new double[n];
            Arrays.setAll(twin, i -> twins[i][k]);
            Expect.close(download(slots[slot], n), twin, 1e-6, 1e-5, "slot " + slot);
        }
        requireCopy(weights, weights16, n, copy);
    }

    /** The copy is the rounded master; without one nothing was written. */
    private static void requireCopy(DeviceBuffer weights, DeviceBuffer weights16, int n, DType copy) {
        float[] master = weights.readFloats(0, n);
        short[] rounded = new short[n];
        for (int i = 0; i < n; i++) {
            rounded[i] = copy == DType.F32 ? (short) 0xffff : Narrow.bits(master[i], copy);
        }
        assertThat(Arrays.equals(weights16.readShorts(0, n), rounded)).as("copy in %s", copy).isTrue();
    }

    private static byte[] everyOther(int count) {
        byte[] mask = new byte[count];
        for (int i = 1; i < count; i += 2) {
            mask[i] = 1;
        }
        return mask;
    }

    private static double[] filled(int n, double value) {
        double[] values = new double[n];
        Arrays.fill(values, value);
        return values;
    }

    private static DeviceBuffer upload(Device device, double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        DeviceBuffer buffer = device.allocate(values.length * 4L, "flat parameters");
        buffer.write(floats);
        return buffer;
    }

    private static double[] download(DeviceBuffer buffer, int n) {
        float[] floats = buffer.readFloats(0, n);
        double[] values = new double[n];
        for (int i = 0; i < n; i++) {
            values[i] = floats[i];
        }
        return values;
    }
}
