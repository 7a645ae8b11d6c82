package separable.optim;

/**
 * The learning rate of every step: a straight line from 0 to {@code peak} over the warm-up, then half a cosine down to
 * {@code peak * finalFraction}.
 *
 * @param peak          the highest rate, reached by the last warm-up step
 * @param warmUpSteps   0 to begin at the peak; must leave at least one step after it
 * @param finalFraction in [0, 1]: where the cosine ends
 */
public record Schedule(float peak, int steps, int warmUpSteps, float finalFraction) {

    public Schedule {
        if (!(peak > 0 && peak < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("learning rate " + peak + ": it must be above 0 and finite");
        }
        if (steps < 1 || warmUpSteps < 0 || warmUpSteps >= steps) {
            throw new IllegalArgumentException("a schedule of " + steps + " steps with " + warmUpSteps
                    + " of warm-up: at least one step must follow the warm-up");
        }
        if (!(finalFraction >= 0 && finalFraction <= 1)) {
            throw new IllegalArgumentException("final fraction " + finalFraction + " of the learning rate: it must lie from 0 to 1");
        }
    }

    /** Warm-up, then a cosine down to 0. */
    public static Schedule cosine(float peak, int steps, int warmUpSteps) {
        return new Schedule(peak, steps, warmUpSteps, 0);
    }

    /** The rate of step {@code step}, counted from 0. */
    public float at(int step) {
        if (step < warmUpSteps) {
            return (float) ((double) peak * (step + 1) / warmUpSteps);
        }
        double progress = (double) (step - warmUpSteps) / (steps - warmUpSteps);
        double cosine = (1 + Math.cos(Math.PI * progress)) / 2;
        return (float) (peak * (finalFraction + (1 - finalFraction) * cosine));
    }

    /** All rates, entry i for step i: what {@code StepState.advance} looks up on the device. */
    public float[] table() {
        float[] rates = new float[steps];
        for (int step = 0; step < steps; step++) {
            rates[step] = at(step);
        }
        return rates;
    }
}
