package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.spec.DType;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Narrow;
import separable.testing.Poisoned;
import separable.testing.RoundingCases;

/** How kernels read and write the precisions of 16 bits: the bits of the twins on the host, for every value and every rounding. */
@ExtendWith(DeviceExtension.class)
class ConversionTest {

    /** The gradient of a bias over one pixel is the pixel, in fp32. */
    @ParameterizedTest
    @EnumSource(value = DType.class, names = "F32", mode = EnumSource.Mode.EXCLUDE)
    void readsEveryValue(DType type, Device device, Stream stream) {
        short[] bits = RoundingCases.allBits();
        Shape pixel = Shape.matrix(1, bits.length);
        Bias bias = new Bias(device, pixel, type);
        DeviceBuffer values = Poisoned.floats(device, bits.length);
        bias.backward(upload(device, bits).pointer(), values.pointer(), Poisoned.buffer(device, bias.workspaceBytes()).pointer(),
                Poisoned.tickets(device, bias.tickets()).pointer(), stream.handle());
        float[] read = values.readFloats(0, bits.length);
        for (int i = 0; i < bits.length; i++) {
            // == takes a sum's +0 for the -0 it came from
            float expected = Narrow.value(bits[i], type);
            assertThat(read[i] == expected || Float.isNaN(read[i]) && Float.isNaN(expected)).as("%04x: %a", bits[i], read[i]).isTrue();
        }
    }

    /** One element a thread, where other kernels take eight. */
    @ParameterizedTest
    @EnumSource(value = DType.class, names = "F32", mode = EnumSource.Mode.EXCLUDE)
    void readsEveryValueAlone(DType type, Device device, Stream stream) {
        short[] bits = RoundingCases.allBits();
        DeviceBuffer values = Poisoned.floats(device, bits.length);
        device.kernel("transpose_" + type.suffix() + "_f32").launch().describe("conversion").pointer().pointer().i32(1).i32(bits.length)
                .grid(VectorGrid.blocks(bits.length, 256), 1, 1).block(256)
                .enqueue(stream.handle(), upload(device, bits).pointer(), values.pointer());
        float[] read = values.readFloats(0, bits.length);
        for (int i = 0; i < bits.length; i++) {
            assertThat(read[i]).as("%04x", bits[i]).isEqualTo(Float.valueOf(Narrow.value(bits[i], type)));
        }
    }

    /** An update at rate 0 changes no finite weight and rounds each into the copy. */
    @ParameterizedTest
    @EnumSource(value = DType.class, names = "F32", mode = EnumSource.Mode.EXCLUDE)
    void roundsToNearestEven(DType type, Device device, Stream stream) {
        float[] cases = RoundingCases.of(type);
        int elements = (cases.length + 63) / 64 * 64;
        DeviceBuffer weights = device.allocate(elements * 4L, "weights");
        weights.zero();
        weights.write(cases);
        DeviceBuffer zeros = device.allocate(elements * 4L, "gradients and decay mask");
        zeros.zero();
        DeviceBuffer copy = Poisoned.buffer(device, elements * 2L);
        try (StepState state = new StepState(device)) {
            state.write(StepState.Values.epoch(1, 0, 1, 0, 1));
            DeviceBuffer velocity = device.allocate(elements * 4L, "velocity");
            velocity.zero();
            new SgdUpdate(device, elements, type, 0, 0, false).run(weights.pointer(), copy.pointer(), zeros.pointer(),
                    velocity.pointer(), zeros.pointer(), state.pointer(), stream.handle());
            stream.synchronize();
        }
        short[] rounded = copy.readShorts(0, cases.length);
        float[] kept = weights.readFloats(0, cases.length);
        for (int i = 0; i < cases.length; i++) {
            assertThat(kept[i] == cases[i] || !Float.isFinite(cases[i])).as("%a", cases[i]).isTrue();
            assertThat(rounded[i]).as("%a", cases[i]).isEqualTo(Narrow.bits(kept[i], type));
        }
    }

    /** Adding -0 changes no value, not even 0; a NaN becomes the canonical one. */
    @ParameterizedTest
    @EnumSource(value = DType.class, names = "F32", mode = EnumSource.Mode.EXCLUDE)
    void writesWhatItRead(DType type, Device device, Stream stream) {
        short[] bits = RoundingCases.allBits();
        Shape shape = Shape.matrix(1, bits.length);
        short[] minusZeros = new short[bits.length];
        Arrays.fill(minusZeros, (short) 0x8000);
        DeviceBuffer y = Poisoned.buffer(device, shape, type);
        new Add(device, shape, type).forward(upload(device, bits).pointer(), upload(device, minusZeros).pointer(), y.pointer(), stream.handle());
        short[] written = y.readShorts(0, bits.length);
        for (int i = 0; i < bits.length; i++) {
            short expected = Float.isNaN(Narrow.value(bits[i], type)) ? (short) 0x7fff : bits[i];
            assertThat(written[i]).as("%04x", bits[i]).isEqualTo(expected);
        }
    }

    private static DeviceBuffer upload(Device device, short[] bits) {
        DeviceBuffer buffer = device.allocate(bits.length * 2L, "bits");
        buffer.write(bits);
        return buffer;
    }
}
