package separable.testing;

/** bf16 on the host: the upper half of an fp32, rounded to nearest, ties to even. */
public final class Bf16 {

    private Bf16() {
    }

    /** The bf16 next to {@code value}, by way of fp32 as on the device. */
    public static double round(double value) {
        return value(bits((float) value));
    }

    public static short bits(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) 0x7fff;
        }
        return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
    }

    public static float value(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
