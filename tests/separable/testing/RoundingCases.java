package separable.testing;

import java.util.ArrayList;
import java.util.List;
import separable.spec.DType;

/** Numbers at which rounding to a precision of 16 bits can go wrong. */
public final class RoundingCases {

    private static final int POSITIVE = 0x8000;

    private RoundingCases() {
    }

    /** Every bit pattern of 16 bits. */
    public static short[] allBits() {
        short[] bits = new short[1 << Short.SIZE];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = (short) i;
        }
        return bits;
    }

    /**
     * Of both signs: every value of {@code type}, the middle to the next one and the fp32 numbers on either side of it, the limit of
     * overflow among them; and what only fp32 has, down to its subnormals.
     */
    public static float[] of(DType type) {
        List<Float> cases = new ArrayList<>(List.of(Float.MIN_VALUE, Float.MIN_NORMAL, Float.MAX_VALUE, Float.POSITIVE_INFINITY, Float.NaN));
        for (int bits = 0; bits + 1 < POSITIVE && Float.isFinite(Narrow.value((short) bits, type)); bits++) {
            float value = Narrow.value((short) bits, type);
            float middle = middleAbove(value, Narrow.value((short) (bits + 1), type), Narrow.value((short) (bits - 1), type));
            cases.addAll(List.of(value, middle, Math.nextDown(middle), Math.nextUp(middle)));
        }
        float[] both = new float[2 * cases.size()];
        for (int i = 0; i < cases.size(); i++) {
            both[2 * i] = cases.get(i);
            both[2 * i + 1] = -cases.get(i);
        }
        return both;
    }

    /** Where rounding turns from {@code value} to the {@code next}; before infinity as if the steps went on. */
    private static float middleAbove(float value, float next, float previous) {
        double step = Float.isFinite(next) ? (double) next - value : (double) value - previous;
        return (float) (value + step / 2);
    }
}
