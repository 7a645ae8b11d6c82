package separable.spec;

/** fp16 as IEEE 754 has it on the host: 1 sign, 5 exponent (bias 15) and 10 mantissa bits. */
public final class Float16 {

    private static final short NAN = 0x7fff;
    private static final int INFINITY = 0x7c00;

    /** From here on values round to infinity: half a step beyond the largest, 65504. */
    private static final float OVERFLOW = 65520;

    private static final float SMALLEST_NORMAL = 0x1p-14f;

    private Float16() {
    }

    /** The fp16 nearest to {@code value}, ties to even; too large values become infinite, any NaN the canonical one. */
    public static short bits(float value) {
        if (Float.isNaN(value)) {
            return NAN;
        }
        int sign = Float.floatToRawIntBits(value) >>> 16 & 0x8000;
        return (short) (sign | magnitude(Math.abs(value)));
    }

    private static int magnitude(float value) {
        if (value >= OVERFLOW) {
            return INFINITY;
        }
        if (value < SMALLEST_NORMAL) {
            return (int) Math.rint(value * 0x1p24f);    // steps of 2^-24; 1024 of them are the smallest normal number
        }
        int rebiased = Float.floatToRawIntBits(value) - (127 - 15 << 23);
        return rebiased + 0xfff + (rebiased >>> 13 & 1) >>> 13;
    }

    /** Exactly what {@code bits} stand for. */
    public static float value(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = bits >> 10 & 0x1f;
        int mantissa = bits & 0x3ff;
        if (exponent == 0) { // zero and subnormals: mantissa * 2^-24
            return Math.copySign(mantissa * 0x1p-24f, Float.intBitsToFloat(sign));
        }
        int widened = exponent == 0x1f ? 0xff : exponent - 15 + 127;
        return Float.intBitsToFloat(sign | widened << 23 | mantissa << 13);
    }
}
