package separable.train;

import java.util.List;
import separable.optim.Decay;
import separable.optim.Schedule;

/**
 * How the learning rate changes over a run.
 *
 * @param name          {@code constant}, {@code step}, {@code exponential}, {@code linear}, {@code cosine} or {@code one-cycle}
 * @param warmupEpochs  epochs, or a part of one, in which the rate rises to its highest value; of one-cycle, its rise
 * @param decayFactor   of step and exponential: what the rate is multiplied by every {@code decayEpochs}; the others ignore it
 * @param decayEpochs   counted from the end of the warm-up
 */
public record ScheduleConfig(String name, double warmupEpochs, double decayFactor, double decayEpochs) {

    public static final List<String> NAMES = List.of("constant", "step", "exponential", "linear", "cosine", "one-cycle");

    /** The share of a run in which one-cycle rises when nothing else is said: PyTorch's. */
    private static final double ONE_CYCLE_RISE = 0.3;

    /** The share of a run that the warm-up of another takes at most when nothing else is said. */
    private static final double LONGEST_WARMUP = 0.25;

    private static final String ONE_CYCLE = "one-cycle";

    public ScheduleConfig {
        Check.oneOf("schedule", name, NAMES);
        Check.that(warmupEpochs >= 0 && warmupEpochs <= 1e6, "warm-up", warmupEpochs, "0 epochs or more");
        Check.that(decayFactor > 0 && decayFactor <= 1, "decay factor", decayFactor, "above 0 and at most 1");
        Check.that(decayEpochs > 0 && decayEpochs <= 1e6, "decay epochs", decayEpochs, "above 0");
    }

    /**
     * A schedule with its usual numbers: stairs of a tenth every 30 epochs (PyTorch's examples), and 0.94 every 2.5 epochs (the MobileNet papers).
     *
     * @param warmupEpochs for one-cycle replaced by its usual share of the {@code epochs}
     */
    public static ScheduleConfig usual(String name, double warmupEpochs, int epochs) {
        boolean stairs = "step".equals(name);
        return new ScheduleConfig(name, ONE_CYCLE.equals(name) ? ONE_CYCLE_RISE * epochs : warmupEpochs,
                stairs ? 0.1 : 0.94, stairs ? 30 : 2.5);
    }

    /** Another schedule's usual numbers in place of this one's, with its warm-up as far as that is not too long for it. */
    public ScheduleConfig changedTo(String other, int epochs) {
        return other.equals(name) ? this : usual(other, shortened(epochs), epochs);
    }

    /** The same for a run of another length: one-cycle's rise keeps its share of the run, a warm-up its epochs where they are not too many. */
    public ScheduleConfig stretched(int before, int after) {
        if (before == after) {
            return this;
        }
        return withWarmup(name.equals(ONE_CYCLE) ? warmupEpochs * after / before : shortened(after));
    }

    private double shortened(int epochs) {
        return Math.min(warmupEpochs, LONGEST_WARMUP * epochs);
    }

    public ScheduleConfig withWarmup(double epochs) {
        return new ScheduleConfig(name, epochs, decayFactor, decayEpochs);
    }

    public ScheduleConfig withDecay(double factor, double epochs) {
        return new ScheduleConfig(name, warmupEpochs, factor, epochs);
    }

    /** Whether the rate falls by a factor every so many epochs, which others ignore. */
    public boolean takesDecay() {
        return name.equals("step") || name.equals("exponential");
    }

    /** The rate of every step of a run. */
    Schedule over(int epochs, int stepsPerEpoch, float peak) {
        int steps = Math.multiplyExact(epochs, stepsPerEpoch);
        int warmUp = (int) Math.min(Math.round(warmupEpochs * stepsPerEpoch), steps - 1);
        return new Schedule(peak, steps, warmUp, decay(stepsPerEpoch));
    }

    private Decay decay(int stepsPerEpoch) {
        return switch (name) {
            case "constant" -> new Decay.Constant();
            case "step" -> new Decay.Step(decayFactor, decayEpochs * stepsPerEpoch);
            case "exponential" -> new Decay.Exponential(decayFactor, decayEpochs * stepsPerEpoch);
            case "linear" -> new Decay.Linear();
            case "cosine" -> new Decay.Cosine(0);
            default -> Decay.OneCycle.standard();
        };
    }
}
