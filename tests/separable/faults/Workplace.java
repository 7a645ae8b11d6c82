package separable.faults;

import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUdeviceptr;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;

/** A device opened for one walk's turn, with what the operation needs and what it makes. */
final class Workplace implements AutoCloseable {

    private final List<AutoCloseable> kept = new ArrayList<>();
    final Device device = Device.open();
    final Stream stream = device.newStream();

    /** Keeps {@code thing} until the turn ends. */
    <T extends AutoCloseable> T keep(T thing) {
        kept.add(thing);
        return thing;
    }

    /** {@code count} fp32 values, small and all different. */
    DeviceBuffer floats(int count) {
        float[] values = new float[count];
        for (int at = 0; at < count; at++) {
            values[at] = (at % 13 - 6) / 8f + at * 1e-3f;
        }
        DeviceBuffer buffer = keep(device.allocate((long) count * Float.BYTES, "operand"));
        buffer.write(values);
        return buffer;
    }

    /** Zeros. */
    CUdeviceptr zeros(long bytes) {
        DeviceBuffer buffer = keep(device.allocate(Math.max(bytes, 16), "zeros"));
        buffer.zero();
        return buffer.pointer();
    }

    @Override
    public void close() {
        List<AutoCloseable> all = new ArrayList<>(List.of(device, stream));
        all.addAll(kept);
        Closing.all(all);
    }
}
