package separable.optim;

import java.util.Objects;

/**
 * The learning rate of every step: up to {@code peak} over the warm-up, then down as {@code decay} says.
 *
 * @param peak        the highest rate, reached by the last warm-up step
 * @param warmUpSteps 0 to begin at the peak; must leave at least one step after it
 */
public record Schedule(float peak, int steps, int warmUpSteps, Decay decay) {

    public Schedule {
        if (!(peak > 0 && peak < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("learning rate " + peak + ": it must be above 0 and finite");
        }
        if (steps < 1 || warmUpSteps < 0 || warmUpSteps >= steps) {
            throw new IllegalArgumentException("a schedule of " + steps + " steps with " + warmUpSteps
                    + " of warm-up: at least one step must follow the warm-up");
        }
        Objects.requireNonNull(decay, "decay");
    }

    /** Warm-up, then a cosine down to 0. */
    public static Schedule cosine(float peak, int steps, int warmUpSteps) {
        return new Schedule(peak, steps, warmUpSteps, new Decay.Cosine(0));
    }

    /** The rate of step {@code step}, counted from 0. */
    public float at(int step) {
        double share = step < warmUpSteps ? decay.rise(step, warmUpSteps) : decay.fall(step - warmUpSteps, steps - warmUpSteps);
        return (float) (peak * share);
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
