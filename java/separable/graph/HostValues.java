package separable.graph;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import separable.spec.DType;
import separable.spec.Float16;
import separable.spec.Shape;

/** Activations between the host's unpadded fp32 and the device's padded precision. */
final class HostValues {

    private HostValues() {}

    /** @param values row-major over {@code shape}, surplus channels left out */
    static byte[] toDevice(float[] values, Shape shape, DType type) {
        int channels = shape.c();
        if (values.length != shape.rows() * (long) channels) {
            throw new IllegalArgumentException(values.length + " values for shape " + shape + ", which has " + shape.rows() * (long) channels);
        }
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(shape.bytes(type))).order(ByteOrder.LITTLE_ENDIAN);
        for (int row = 0; row < shape.rows(); row++) {
            for (int c = 0; c < channels; c++) {
                int at = row * shape.channelStride() + c;
                float value = values[row * channels + c];
                if (type == DType.F32) {
                    bytes.putFloat(at * Float.BYTES, value);
                } else {
                    bytes.putShort(at * Short.BYTES, narrow(value, type));
                }
            }
        }
        return bytes.array();
    }

    static float[] fromDevice(byte[] stored, Shape shape, DType type) {
        ByteBuffer bytes = ByteBuffer.wrap(stored).order(ByteOrder.LITTLE_ENDIAN);
        float[] values = new float[Math.multiplyExact(shape.rows(), shape.c())];
        for (int at = 0; at < values.length; at++) {
            int index = at / shape.c() * shape.channelStride() + at % shape.c();
            values[at] = type == DType.F32 ? bytes.getFloat(index * Float.BYTES) : widen(bytes.getShort(index * Short.BYTES), type);
        }
        return values;
    }

    /** Rounded to a type of 16 bits, as kernels store it. */
    static short[] narrow(float[] values, DType type) {
        short[] rounded = new short[values.length];
        for (int at = 0; at < values.length; at++) {
            rounded[at] = narrow(values[at], type);
        }
        return rounded;
    }

    private static short narrow(float value, DType type) {
        return switch (type) {
            case BF16 -> toBf16(value);
            case F16 -> Float16.bits(value);
            case F32 -> throw notShort(type);
        };
    }

    private static float widen(short bits, DType type) {
        return switch (type) {
            case BF16 -> Float.intBitsToFloat(bits << 16);
            case F16 -> Float16.value(bits);
            case F32 -> throw notShort(type);
        };
    }

    private static IllegalArgumentException notShort(DType type) {
        return new IllegalArgumentException(type + " has " + type.bytes() + " bytes, not 2");
    }

    /** To nearest, ties to even; any NaN becomes the canonical one. */
    private static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) 0x7fff;
        }
        return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
    }
}
