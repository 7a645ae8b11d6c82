package separable.testing;

import separable.spec.DType;

/** The precisions of 16 bits on the host. */
public final class Narrow {

    private Narrow() {
    }

    /** What kernels store for {@code value}. */
    public static short bits(float value, DType type) {
        return switch (type) {
            case BF16 -> Bf16.bits(value);
            case F16 -> Fp16.bits(value);
            case F32 -> throw new IllegalArgumentException("fp32 has more than 16 bits");
        };
    }

    /** What kernels read from {@code bits}. */
    public static float value(short bits, DType type) {
        return switch (type) {
            case BF16 -> Bf16.value(bits);
            case F16 -> Fp16.value(bits);
            case F32 -> throw new IllegalArgumentException("fp32 has more than 16 bits");
        };
    }

    public static short[] bits(float[] values, DType type) {
        short[] bits = new short[values.length];
        for (int i = 0; i < values.length; i++) {
            bits[i] = bits(values[i], type);
        }
        return bits;
    }

    public static float[] values(short[] bits, DType type) {
        float[] values = new float[bits.length];
        for (int i = 0; i < bits.length; i++) {
            values[i] = value(bits[i], type);
        }
        return values;
    }

    /** The value next to {@code value} that {@code type} has, by way of fp32 as on the device. */
    public static double round(double value, DType type) {
        return type == DType.F32 ? (float) value : value(bits((float) value, type), type);
    }
}
