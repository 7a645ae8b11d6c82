package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Handles;
import separable.device.Stream;
import separable.testing.DeviceExtension;
import separable.testing.Poisoned;

@ExtendWith(DeviceExtension.class)
class GradientFoldTest {

    /** Floats after which memory lies on a boundary of 16 bytes and on none of 32: as little as layers need. */
    private static final int SHIFT = 4;

    /** Layers of less than a block, of several blocks and a ragged one, of one part and of many; into one flat buffer. */
    @Test
    void addsThePartsOfEveryLayerInOrder(Device device, Stream stream) {
        int[] elements = {64, 512, 1088, 8, 2048 + 320};
        int[] counts = {3, 1, 17, 40, 9};
        DeviceBuffer flat = Poisoned.floats(device, SHIFT + total(elements));
        List<GradientFold.Part> parts = new ArrayList<>();
        List<Float> expected = new ArrayList<>();
        for (int layer = 0; layer < elements.length; layer++) {
            float[] partials = values(counts[layer] * elements[layer], layer);
            long shift = (long) SHIFT * Float.BYTES;
            DeviceBuffer memory = device.allocate(shift + (long) partials.length * Float.BYTES, "partial gradients");
            memory.write(shift, partials);
            parts.add(new GradientFold.Part(memory.at(shift), counts[layer], elements[layer], flat.at(shift + (long) expected.size() * Float.BYTES)));
            for (int e = 0; e < elements[layer]; e++) {
                float sum = 0;
                for (int p = 0; p < counts[layer]; p++) {
                    sum += partials[p * elements[layer] + e];
                }
                expected.add(sum);
            }
        }
        try (GradientFold fold = new GradientFold(device, parts)) {
            fold.enqueue(stream.handle());
            assertThat(flat.readFloats((long) SHIFT * Float.BYTES, expected.size())).containsExactly(expected.toArray(Float[]::new));
        }
    }

    private static int total(int[] elements) {
        int total = 0;
        for (int count : elements) {
            total += count;
        }
        return total;
    }

    /** Of sizes so different that another order of additions gives other bits. */
    private static float[] values(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (random.nextFloat() - 0.5f) * (1 << random.nextInt(12));
        }
        return values;
    }

    @Test
    void refusesWhatCannotBeFolded(Device device) {
        assertThatThrownBy(() -> new GradientFold(device, List.of())).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("at least one layer");
        assertThatThrownBy(() -> new GradientFold(device, null)).isInstanceOf(NullPointerException.class).hasMessage("parts");
        assertThatThrownBy(() -> new GradientFold.Part(Handles.pointer(256), 0, 64, Handles.pointer(512))).hasMessageContaining("of 0 gradients");
        assertThatThrownBy(() -> new GradientFold.Part(Handles.pointer(256), 1, 12, Handles.pointer(512))).hasMessageContaining("multiple of 8");
        assertThatThrownBy(() -> new GradientFold.Part(Handles.pointer(256), 1, 8, Handles.pointer(520))).hasMessageContaining("gradient at address 0x208");
        assertThatThrownBy(() -> new GradientFold.Part(Handles.pointer(0), 1, 8, Handles.pointer(512))).hasMessageContaining("partials at address 0x0");
    }
}
