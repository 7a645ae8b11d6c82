package separable.predict;

import java.util.Comparator;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What a network says of one picture.
 *
 * @param ranked every class, the most probable first; of equal ones the lower index
 */
public record Predictions(List<Prediction> ranked) {

    public Predictions {
        ranked = List.copyOf(ranked);
        if (ranked.isEmpty()) {
            throw new IllegalArgumentException("predictions of no class: at least one is needed");
        }
    }

    static Predictions of(Scores scores, IntFunction<String> names) {
        double[] probabilities = scores.probabilities();
        return new Predictions(IntStream.range(0, probabilities.length).boxed().sorted(Comparator.comparing(k -> -scores.logit(k)))
                .map(k -> new Prediction(k, names.apply(k), probabilities[k])).toList());
    }

    /** The most probable class. */
    public Prediction best() {
        return ranked.get(0);
    }

    /** The {@code count} most probable classes, or all when there are fewer. */
    public List<Prediction> top(int count) {
        return ranked.subList(0, Math.min(count, ranked.size()));
    }

    /** {@code cat 91.2%, dog 3.1%, deer 2.0%}: the first five. */
    @Override
    public String toString() {
        return top(5).stream().map(Prediction::toString).collect(Collectors.joining(", "));
    }
}
