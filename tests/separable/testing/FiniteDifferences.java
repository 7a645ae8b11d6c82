package separable.testing;

import java.util.function.DoubleSupplier;

/** Gradients of double-precision oracles by central differences: an opinion on a backward pass that knows no formula for it. */
public final class FiniteDifferences {

    /** Balances the truncation error, of order step^2, with the rounding error, of order 1e-16 / step. */
    private static final double STEP = 1e-5;

    private FiniteDifferences() {
    }

    /**
     * The gradient of {@code loss} with respect to {@code variables}, which are changed one after the other while {@code loss} is
     * evaluated, and restored. Good to about 1e-9 where the loss is smooth: keep inputs further than 1e-5 from corners.
     */
    public static double[] gradient(Values variables, DoubleSupplier loss) {
        return gradient(variables.values(), loss);
    }

    public static double[] gradient(double[] variables, DoubleSupplier loss) {
        double[] gradient = new double[variables.length];
        for (int i = 0; i < variables.length; i++) {
            double value = variables[i];
            variables[i] = value + STEP;
            double above = loss.getAsDouble();
            variables[i] = value - STEP;
            double below = loss.getAsDouble();
            variables[i] = value;
            gradient[i] = (above - below) / (2 * STEP);
        }
        return gradient;
    }
}
