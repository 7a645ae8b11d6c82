package separable.testing;

/** fp16 on the host, in double precision arithmetic: 11 significant bits, steps of 2^-24 at least, nothing above 65504. */
public final class Fp16 {

    private static final int SMALLEST_EXPONENT = -14;
    private static final int MANTISSA_BITS = 10;
    private static final double LARGEST = 65504;

    private Fp16() {
    }

    /** The fp16 next to {@code value}, by way of fp32 as on the device. */
    public static double round(double value) {
        return value(bits((float) value));
    }

    public static short bits(float value) {
        if (Float.isNaN(value)) {
            return (short) 0x7fff;
        }
        int sign = Math.copySign(1, value) < 0 ? 0x8000 : 0;
        int exponent = Math.max(Math.getExponent(value), SMALLEST_EXPONENT);
        double steps = Math.rint(Math.scalb(Math.abs((double) value), MANTISSA_BITS - exponent));
        if (Float.isInfinite(value) || Math.scalb(steps, exponent - MANTISSA_BITS) > LARGEST) {
            return (short) (sign | 0x7c00);
        }
        // Subnormals have fewer than 2^10 steps; 2^10 more of them carry the exponent up by one, and so does rounding up.
        return (short) (sign | (exponent - SMALLEST_EXPONENT << MANTISSA_BITS) + (int) steps);
    }

    public static float value(short bits) {
        int exponent = bits >> MANTISSA_BITS & 0x1f;
        int mantissa = bits & 0x3ff;
        double sign = bits < 0 ? -1 : 1;
        if (exponent == 0x1f) {
            return mantissa != 0 ? Float.NaN : (float) sign * Float.POSITIVE_INFINITY;
        }
        double steps = exponent == 0 ? mantissa : mantissa + (1 << MANTISSA_BITS);
        return (float) (sign * Math.scalb(steps, Math.max(exponent, 1) + SMALLEST_EXPONENT - 1 - MANTISSA_BITS));
    }
}
