package separable.tune;

import separable.spec.Labels;

/** How much is measured before a kernel is chosen. */
public enum Effort {
    /** Nothing: the first candidate, by rule. */
    OFF("off", null),
    /** The few most promising candidates, for a tenth of a second or so each problem. */
    QUICK("quick", new Stopwatch.Rules(3, 50, 0.02, 0.1, 2)),
    /** Every candidate, cuDNN's full list included, for up to seconds each problem. */
    FULL("full", new Stopwatch.Rules(9, 300, 0.005, 1.5, 3));

    private final String label;
    private final Stopwatch.Rules rules;

    Effort(String label, Stopwatch.Rules rules) {
        this.label = label;
        this.rules = rules;
    }

    /** When to stop measuring; null for {@link #OFF}. */
    Stopwatch.Rules rules() {
        return rules;
    }

    /** Whether what was found with this effort serves where {@code wanted} is asked for. */
    boolean covers(Effort wanted) {
        return compareTo(wanted) >= 0;
    }

    /** The name users type and read: {@code off}, {@code quick}, {@code full}. */
    @Override
    public String toString() {
        return label;
    }

    /** @throws IllegalArgumentException naming the accepted labels */
    public static Effort parse(String label) {
        return Labels.parse(Effort.class, label, "tuning effort");
    }
}
