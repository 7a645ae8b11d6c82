package separable.predict;

import java.nio.file.Path;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import separable.train.Evaluation;

/**
 * How well a run's network does on a data set.
 *
 * @param run       folder of the run
 * @param dataset   what the pictures are, as in {@code fashion-mnist test}
 * @param figures   loss and hits, the bits that training's own evaluation gives
 * @param confusion class by class
 * @param answers   one a picture, in the data set's order
 */
public record ModelReport(Path run, String dataset, Evaluation figures, Confusion confusion, List<Answer> answers) {

    public ModelReport {
        answers = List.copyOf(answers);
        if (answers.size() != figures.count()) {
            throw new IllegalArgumentException(answers.size() + " answers for " + figures.count() + " pictures");
        }
    }

    /**
     * What the network says of a picture.
     *
     * @param label       the picture's class
     * @param predicted   the output with the largest logit, the first of equal ones
     * @param probability that the network gives it, 0 to 1
     */
    public record Answer(int label, int predicted, double probability) {
    }

    /** Mean of the precisions that there are: classes that nothing was taken for have none. */
    public double meanPrecision() {
        return mean(confusion::precision);
    }

    /** Mean of the recalls that there are: classes without a picture have none. */
    public double meanRecall() {
        return mean(confusion::recall);
    }

    private double mean(IntToDoubleFunction figure) {
        return IntStream.range(0, confusion.classes().size()).mapToDouble(figure).filter(value -> !Double.isNaN(value)).average().orElse(Double.NaN);
    }
}
