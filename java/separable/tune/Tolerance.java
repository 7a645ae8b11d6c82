package separable.tune;

import separable.kernel.Compare;
import separable.spec.DType;
import separable.spec.Products;

/**
 * How far two right results may be apart. Sums of K products in fp32, taken in different orders, differ by about sqrt(K) roundings of
 * 2^-24 of the largest; both results are then rounded to their precision. Where products may be tf32, two operands off by 2^-11 of
 * themselves make a product off by 2^-10, and random ones a sum off by less than that share of the largest.
 *
 * @param rtol  of each element
 * @param share of the largest element, for sums that nearly cancel
 */
public record Tolerance(float rtol, double share) {

    private static final double LEAST_SHARE = 1e-5;
    private static final double ROUNDING = 0x1p-24;
    private static final float TF32_PRODUCT = 0x1p-10f;

    /** @param precision in which the result was rounded last: cuDNN's filter gradient of bf16 is bf16 before it is fp32 */
    public static Tolerance of(Problem problem, DType precision) {
        if (problem.precision().products() == Products.TF32) {
            return new Tolerance(TF32_PRODUCT, TF32_PRODUCT);
        }
        float rtol = switch (precision) {     // twice half a unit in the last place
            case F32 -> 1e-5f;
            case BF16 -> 0x1p-8f;
            case F16 -> 0x1p-10f;
        };
        return new Tolerance(rtol, Math.max(LEAST_SHARE, 4 * ROUNDING * Math.sqrt(problem.depth())));
    }

    boolean admits(Compare.Result result) {
        return result.within(share);
    }
}
