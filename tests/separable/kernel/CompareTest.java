package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.spec.DType;
import separable.testing.DeviceExtension;
import separable.testing.Narrow;

@ExtendWith(DeviceExtension.class)
class CompareTest {

    private static final int ELEMENTS = 20_011;     // more than a thread each, and no multiple of anything

    private static float[] ramp() {
        float[] values = new float[ELEMENTS];
        for (int i = 0; i < ELEMENTS; i++) {
            values[i] = (i % 7 - 3) * 0.25f;
        }
        values[123] = -8;
        return values;
    }

    private static Compare.Result compare(Device device, Stream stream, float[] value, float[] reference, float rtol) {
        try (Compare compare = new Compare(device)) {
            return compare.run(upload(device, value).pointer(), upload(device, reference).pointer(), ELEMENTS, DType.F32, rtol, stream);
        }
    }

    private static DeviceBuffer upload(Device device, float[] values) {
        DeviceBuffer buffer = device.allocate((long) values.length * Float.BYTES, "values");
        buffer.write(values);
        return buffer;
    }

    private static DeviceBuffer upload(Device device, float[] values, DType type) {
        DeviceBuffer buffer = device.allocate((long) values.length * type.bytes(), "values");
        buffer.write(Narrow.bits(values, type));
        return buffer;
    }

    @Test
    void equalTensorsAgreeExactly(Device device, Stream stream) {
        Compare.Result result = compare(device, stream, ramp(), ramp(), 0);
        assertThat(result.excess()).isZero();
        assertThat(result.largest()).isEqualTo(8);
        assertThat(result.within(0)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 8191, 8192, ELEMENTS - 1})
    void oneWrongElementIsFoundWhereverItIs(int element, Device device, Stream stream) {
        float[] wrong = ramp();
        wrong[element] += 0.5f;
        Compare.Result result = compare(device, stream, wrong, ramp(), 0);
        assertThat(result).isEqualTo(new Compare.Result(0.5f, element, 8));
        assertThat(result.within(0.5 / 8)).isTrue();
        assertThat(result.within(0.49 / 8)).isFalse();
    }

    @Test
    void aShareOfTheElementItselfIsAllowed(Device device, Stream stream) {
        float[] off = ramp();
        off[123] = -8.5f;
        assertThat(compare(device, stream, off, ramp(), 1 / 16f).within(0)).isTrue();
        assertThat(compare(device, stream, off, ramp(), 1 / 17f).within(0)).isFalse();
    }

    @Test
    void nanNeverPasses(Device device, Stream stream) {
        float[] value = ramp();
        value[4711] = Float.NaN;
        assertThat(compare(device, stream, value, ramp(), 1).excess()).isInfinite();
        assertThat(compare(device, stream, ramp(), value, 1).within(1e30)).isFalse();
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, mode = EnumSource.Mode.EXCLUDE, names = "F32")
    void sixteenBitsAreWidened(DType type, Device device, Stream stream) {
        float[] changed = ramp();
        changed[77] += 1;
        DeviceBuffer reference = upload(device, ramp(), type);
        DeviceBuffer value = upload(device, changed, type);
        try (Compare compare = new Compare(device)) {
            Compare.Result result = compare.run(value.pointer(), reference.pointer(), ELEMENTS, type, 0, stream);
            assertThat(result).isEqualTo(new Compare.Result(1, 77, 8));
        }
    }
}
