package separable.optim;

/** How the learning rate of a {@link Schedule} goes on after its warm-up, as a share of the peak. */
public sealed interface Decay {

    /**
     * The share in the warm-up: a straight line that reaches 1 in its last step, unless a decay has a rise of its own.
     *
     * @param step  counted from 0, below {@code steps}
     * @param steps of the warm-up
     */
    default double rise(int step, int steps) {
        return (step + 1.0) / steps;
    }

    /**
     * The share after the warm-up.
     *
     * @param step  counted from 0 at the end of the warm-up, below {@code steps}
     * @param steps after the warm-up
     */
    double fall(int step, int steps);

    /** The peak to the end. */
    record Constant() implements Decay {
        @Override
        public double fall(int step, int steps) {
            return 1;
        }
    }

    /** A straight line down to 0 at the step after the last. */
    record Linear() implements Decay {
        @Override
        public double fall(int step, int steps) {
            return 1 - (double) step / steps;
        }
    }

    /** Half a cosine down to {@code finalFraction} at the step after the last (Loshchilov and Hutter 2017, without restarts). */
    record Cosine(double finalFraction) implements Decay {

        public Cosine {
            requireShare("final fraction", finalFraction);
        }

        @Override
        public double fall(int step, int steps) {
            return between(1, finalFraction, (double) step / steps);
        }
    }

    /** Multiplied by {@code factor} after every {@code every} steps: PyTorch's StepLR, TF-slim's exponential decay with stairs. */
    record Step(double factor, double every) implements Decay {

        public Step {
            requireDecay(factor, every);
        }

        @Override
        public double fall(int step, int steps) {
            return Math.pow(factor, Math.floor(step / every));
        }
    }

    /** The same without stairs: {@code factor} to the power of {@code step / every}. */
    record Exponential(double factor, double every) implements Decay {

        public Exponential {
            requireDecay(factor, every);
        }

        @Override
        public double fall(int step, int steps) {
            return Math.pow(factor, step / every);
        }
    }

    /**
     * One cycle (Smith and Topin 2018) as PyTorch's OneCycleLR has it: the warm-up is half a cosine up from
     * {@code 1 / startDivisor}, the rest half a cosine down to {@code 1 / (startDivisor * endDivisor)} in the last step.
     */
    record OneCycle(double startDivisor, double endDivisor) implements Decay {

        public OneCycle {
            if (!(startDivisor >= 1) || !(endDivisor >= 1)) {
                throw new IllegalArgumentException("one cycle from 1/" + startDivisor + " of the peak to 1/" + endDivisor
                        + " of that: both divisors must be at least 1");
            }
        }

        /** PyTorch's divisors. */
        public static OneCycle standard() {
            return new OneCycle(25, 1e4);
        }

        @Override
        public double rise(int step, int steps) {
            return between(1 / startDivisor, 1, steps == 1 ? 1 : (double) step / (steps - 1));
        }

        @Override
        public double fall(int step, int steps) {
            return between(1, 1 / (startDivisor * endDivisor), (step + 1.0) / steps);
        }
    }

    /** Half a cosine from {@code first} to {@code last}. */
    private static double between(double first, double last, double progress) {
        return last + (first - last) * (1 + Math.cos(Math.PI * progress)) / 2;
    }

    private static void requireShare(String what, double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException(what + " " + share + " of the learning rate: it must lie from 0 to 1");
        }
    }

    private static void requireDecay(double factor, double every) {
        requireShare("decay factor", factor);
        if (!(every > 0 && every < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("decay every " + every + " steps: it must be above 0");
        }
    }
}
