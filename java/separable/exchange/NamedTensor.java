package separable.exchange;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import separable.spec.Float16;

/**
 * One tensor of a file: its name, element type, extents (outermost first; none for a scalar) and elements in row-major
 * order, little-endian. The bytes are not copied, neither on the way in nor out: whoever hands them over leaves them alone.
 */
public record NamedTensor(String name, ElementType type, long[] shape, ByteBuffer data) {

    /** @throws IllegalArgumentException when {@code data}'s remaining bytes are not what shape and type ask for */
    public NamedTensor {
        Objects.requireNonNull(name, "name");
        shape = shape.clone();
        long expected = bytes(shape, type);
        if (expected != data.remaining()) {
            throw new IllegalArgumentException("tensor '" + name + "' " + type + Arrays.toString(shape) + " takes " + expected
                    + " bytes, got " + data.remaining());
        }
        data = data.slice().asReadOnlyBuffer();
    }

    /** An F32 tensor. */
    public static NamedTensor of(String name, long[] shape, float[] values) {
        ByteBuffer data = littleEndian(values.length, ElementType.F32);
        data.asFloatBuffer().put(values);
        return new NamedTensor(name, ElementType.F32, shape, data);
    }

    /** An I32 tensor. */
    public static NamedTensor of(String name, long[] shape, int[] values) {
        ByteBuffer data = littleEndian(values.length, ElementType.I32);
        data.asIntBuffer().put(values);
        return new NamedTensor(name, ElementType.I32, shape, data);
    }

    /** An I64 tensor. */
    public static NamedTensor of(String name, long[] shape, long[] values) {
        ByteBuffer data = littleEndian(values.length, ElementType.I64);
        data.asLongBuffer().put(values);
        return new NamedTensor(name, ElementType.I64, shape, data);
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** The elements' bytes, read-only, little-endian, from position 0. */
    @Override
    public ByteBuffer data() {
        return data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Number of elements; 1 for a scalar. */
    public int elements() {
        return data.capacity() / type.bytes();
    }

    /** The elements of an F32, F16 or BF16 tensor; the 16-bit types widen exactly. */
    public float[] floats() {
        ByteBuffer bytes = data();
        float[] values = new float[elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (type) {
                case F32 -> bytes.getFloat(4 * i);
                case F16 -> Float16.value(bytes.getShort(2 * i));
                case BF16 -> Float.intBitsToFloat(bytes.getShort(2 * i) << 16);
                default -> throw wrongType("floating-point");
            };
        }
        return values;
    }

    /** The elements of an I64, I32 or U8 (unsigned) tensor. */
    public long[] integers() {
        ByteBuffer bytes = data();
        long[] values = new long[elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (type) {
                case I64 -> bytes.getLong(8 * i);
                case I32 -> bytes.getInt(4 * i);
                case U8 -> bytes.get(i) & 0xff;
                default -> throw wrongType("integer");
            };
        }
        return values;
    }

    /** Bytes of a tensor; overflow of a long, or a negative extent, throws ArithmeticException. */
    static long bytes(long[] shape, ElementType type) {
        long bytes = type.bytes();
        for (long extent : shape) {
            if (extent < 0) {
                throw new ArithmeticException("negative extent " + extent);
            }
            bytes = Math.multiplyExact(bytes, extent);
        }
        return bytes;
    }

    private static ByteBuffer littleEndian(int elements, ElementType type) {
        return ByteBuffer.allocate(Math.multiplyExact(elements, type.bytes())).order(ByteOrder.LITTLE_ENDIAN);
    }

    private IllegalStateException wrongType(String wanted) {
        return new IllegalStateException("tensor '" + name + "' holds " + type + ", not " + wanted + " elements");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NamedTensor that && name.equals(that.name) && type == that.type
                && Arrays.equals(shape, that.shape) && data.equals(that.data);
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, type, Arrays.hashCode(shape));
    }

    @Override
    public String toString() {
        return name + " " + type + Arrays.toString(shape);
    }
}
