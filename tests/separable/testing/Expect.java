package separable.testing;

import org.assertj.core.api.Assertions;
import separable.spec.DType;

/** Comparisons of device results with oracles. NaN never passes. */
public final class Expect {

    private Expect() {
    }

    /**
     * {@code |actual - expected| <= atol + rtol |expected|} for every element.
     *
     * <p>fp32: sums of up to some thousand products lose about 1e-6 of their largest terms, so rtol is 1e-5, and atol is 1e-5 of
     * the largest expected value. The others: one rounding more, see {@link #rounding}.
     */
    public static void close(Values actual, Values expected, DType type, String what) {
        close(actual.values(), expected.values(), type, what);
    }

    public static void close(double[] actual, double[] expected, DType type, String what) {
        double largest = 0;
        for (double value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        close(actual, expected, Math.max(1e-5 * largest, subnormal(type)), rounding(type), what);
    }

    /**
     * The relative error of a finished value: half a unit in the last place, with 8 significant bits of bf16 and 11 of fp16.
     * fp32: of the sum before it.
     */
    public static double rounding(DType type) {
        return switch (type) {
            case F32 -> 1e-5;
            case BF16 -> 0x1p-8;
            case F16 -> 0x1p-11;
        };
    }

    /** The absolute error of a value too small for that: half a step between subnormal numbers. */
    private static double subnormal(DType type) {
        return type == DType.F16 ? 0x1p-25 : 0;
    }

    public static void close(double[] actual, double[] expected, double atol, double rtol, String what) {
        Assertions.assertThat(actual.length).as("%s: elements", what).isEqualTo(expected.length);
        int wrong = 0;
        int worst = -1;
        double worstExcess = 0;
        for (int i = 0; i < expected.length; i++) {
            double error = Math.abs(actual[i] - expected[i]);
            double excess = error - (atol + rtol * Math.abs(expected[i]));
            if (!(excess <= 0)) {
                wrong++;
                if (worst < 0 || Double.isNaN(excess) || excess > worstExcess) {
                    worst = i;
                    worstExcess = excess;
                }
            }
        }
        if (wrong > 0) {
            Assertions.fail("%s: %d of %d elements differ; the worst, element %d, is %s instead of %s (atol %.2e, rtol %.2e)",
                    what, wrong, expected.length, worst, actual[worst], expected[worst], atol, rtol);
        }
    }

    /** {@code ||actual - expected|| / ||expected|| <= limit} in the Euclidean norm. */
    public static void relativeL2(double[] actual, double[] expected, double limit, String what) {
        Assertions.assertThat(actual.length).as("%s: elements", what).isEqualTo(expected.length);
        double difference = 0;
        double size = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            size += expected[i] * expected[i];
        }
        double relative = difference == 0 ? 0 : Math.sqrt(difference / size);
        if (!(relative <= limit)) {
            Assertions.fail("%s: relative L2 difference %.3e, at most %.1e is allowed", what, relative, limit);
        }
    }

    public static void relativeL2(Values actual, Values expected, double limit, String what) {
        relativeL2(actual.values(), expected.values(), limit, what);
    }

    /** The same bits in every element. */
    public static void same(Values actual, Values expected, String what) {
        same(actual.values(), expected.values(), what);
    }

    private static void same(double[] actual, double[] expected, String what) {
        Assertions.assertThat(actual.length).as("%s: elements", what).isEqualTo(expected.length);
        int wrong = 0;
        int first = -1;
        for (int i = expected.length - 1; i >= 0; i--) {
            if (Double.doubleToLongBits(actual[i]) != Double.doubleToLongBits(expected[i])) {
                wrong++;
                first = i;
            }
        }
        if (wrong > 0) {
            Assertions.fail("%s: %d of %d elements differ; the first, element %d, is %s instead of %s", what, wrong, expected.length, first,
                    actual[first], expected[first]);
        }
    }
}
