package separable.testing;

import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Shape;

/** Outputs filled with NaN (in every precision; -1 as an integer), so that an element no kernel writes shows. */
public final class Poisoned {

    private static final byte NAN = (byte) 0xff;

    private Poisoned() {
    }

    public static DeviceBuffer buffer(Device device, long bytes) {
        DeviceBuffer buffer = device.allocate(Math.max(bytes, 1), "poisoned");
        buffer.fill(NAN);
        return buffer;
    }

    public static DeviceBuffer buffer(Device device, Shape shape, DType type) {
        return buffer(device, shape.bytes(type));
    }

    public static DeviceBuffer buffer(Device device, Shape shape, DType type, Layout layout) {
        return buffer(device, layout.bytes(shape, type));
    }

    /** {@code count} fp32 elements. */
    public static DeviceBuffer floats(Device device, int count) {
        return buffer(device, (long) count * Float.BYTES);
    }

    /** Tickets: integers that are 0 before their first use. At least one, so that ops without tickets can be given some. */
    public static DeviceBuffer tickets(Device device, int count) {
        DeviceBuffer buffer = device.allocate((long) Math.max(count, 1) * Integer.BYTES, "tickets");
        buffer.zero();
        return buffer;
    }
}
