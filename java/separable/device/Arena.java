package separable.device;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import jcuda.driver.CUdeviceptr;

/**
 * One device buffer divided into named slices, so that a whole plan costs one allocation. Slices may overlap: who lays
 * them out knows which of them live at the same time.
 */
public final class Arena implements AutoCloseable {

    /** Slices start at multiples of this many bytes. */
    public static final int ALIGNMENT = 256;

    private record Slice(String name, long offset, long bytes) {
    }

    private final DeviceBuffer buffer;
    private final List<Slice> slices = new ArrayList<>();

    public Arena(Device device, String name, long bytes) {
        buffer = device.allocate(bytes, name);
    }

    /** An arena with one slice after the other, in the map's order of iteration; sizes in bytes. */
    public static Arena pack(Device device, String name, Map<String, Long> sizes) {
        Map<String, Long> offsets = new LinkedHashMap<>();
        long end = 0;
        for (Map.Entry<String, Long> size : sizes.entrySet()) {
            offsets.put(size.getKey(), end);
            end = align(end + size.getValue());
        }
        Arena arena = new Arena(device, name, Math.max(end, ALIGNMENT));
        offsets.forEach((slice, offset) -> arena.slice(slice, offset, sizes.get(slice)));
        return arena;
    }

    /** {@code bytes} rounded up to a multiple of {@link #ALIGNMENT}. */
    public static long align(long bytes) {
        return Math.addExact(bytes, ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** Names a part of the arena and returns its address. */
    public CUdeviceptr slice(String name, long offset, long bytes) {
        if (offset % ALIGNMENT != 0 || offset < 0 || bytes < 0 || offset > buffer.bytes() - bytes) {
            throw new IllegalArgumentException("slice '" + name + "' of " + bytes + " bytes at " + offset + " in " + buffer
                    + ": it must lie inside and start at a multiple of " + ALIGNMENT);
        }
        slices.add(new Slice(name, offset, bytes));
        return buffer.at(offset);
    }

    /** The address of a slice named before. */
    public CUdeviceptr pointer(String name) {
        for (Slice slice : slices) {
            if (slice.name.equals(name)) {
                return buffer.at(slice.offset);
            }
        }
        throw new IllegalArgumentException("no slice '" + name + "' in " + buffer);
    }

    /** The memory under all slices. */
    public DeviceBuffer buffer() {
        return buffer;
    }

    public long bytes() {
        return buffer.bytes();
    }

    /** One line a slice: offset, bytes, name. */
    public String describe() {
        StringBuilder text = new StringBuilder();
        for (Slice slice : slices) {
            text.append(String.format("%12d %12d  %s%n", slice.offset, slice.bytes, slice.name));
        }
        return text.toString();
    }

    @Override
    public void close() {
        buffer.close();
    }
}
