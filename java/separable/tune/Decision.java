package separable.tune;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * What was chosen for a problem, and why.
 *
 * @param winner   the candidate's name
 * @param source   where the choice comes from
 * @param scores   of the candidates measured, the winner first, then by time; of a remembered choice at most the winner's and the
 *                 runner-up's; empty when nothing was measured
 * @param reason   one clause for people
 * @param excluded one clause for each candidate left out: its name, and why
 */
public record Decision(Problem problem, String winner, Source source, List<Score> scores, String reason, List<String> excluded) {

    /** Where a choice comes from. */
    public enum Source { RULE, MEASURED, REMEMBERED }

    /** @param microseconds the median of one run */
    public record Score(String candidate, double microseconds) {

        public Score {
            Objects.requireNonNull(candidate, "candidate");
            if (!(microseconds >= 0) || Double.isInfinite(microseconds)) {
                throw new IllegalArgumentException(candidate + " took " + microseconds + " us: a number from 0 up is needed");
            }
        }

        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%s %.1f us", candidate, microseconds);
        }
    }

    public Decision {
        Objects.requireNonNull(problem, "problem");
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(reason, "reason");
        scores = List.copyOf(scores);
        excluded = List.copyOf(excluded);
        if (!scores.isEmpty() && !scores.get(0).candidate().equals(Objects.requireNonNull(winner, "winner"))) {
            throw new IllegalArgumentException("the winner " + winner + " must have the first score, not " + scores.get(0));
        }
    }

    static Decision byRule(Problem problem, String winner, String reason, List<String> excluded) {
        return new Decision(problem, winner, Source.RULE, List.of(), reason, excluded);
    }

    /** The best of the others, where others were measured. */
    public Optional<Score> runnerUp() {
        return scores.size() < 2 ? Optional.empty() : Optional.of(scores.get(1));
    }

    /** The winner with its time, and the runner-up with its own: {@code "Conv 64x64 12.0 us; next Conv 128x32 14.1 us"}. */
    public String summary() {
        return scores.isEmpty() ? winner : scores.get(0) + runnerUp().map(next -> "; next " + next).orElse("");
    }

    /** The problem, the summary, the reason and what was left out. */
    @Override
    public String toString() {
        return problem + ": " + summary() + " (" + reason + ")" + (excluded.isEmpty() ? "" : "; left out: " + String.join("; ", excluded));
    }
}
