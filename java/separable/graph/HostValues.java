package separable.graph;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import separable.spec.DType;
import separable.spec.Shape;

/** Activations between the host's unpadded fp32 and the device's padded fp32 or bf16. */
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
                if (type == DType.BF16) {
                    bytes.putShort(at * Short.BYTES, toBf16(value));
                } else {
                    bytes.putFloat(at * Float.BYTES, value);
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
            values[at] = type == DType.BF16
                    ? Float.intBitsToFloat(bytes.getShort(index * Short.BYTES) << 16)
                    : bytes.getFloat(index * Float.BYTES);
        }
        return values;
    }

    /** Rounded to nearest, ties to even. */
    static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) 0x7fff;
        }
        return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
    }

    static short[] toBf16(float[] values) {
        short[] rounded = new short[values.length];
        for (int at = 0; at < values.length; at++) {
            rounded[at] = toBf16(values[at]);
        }
        return rounded;
    }
}
