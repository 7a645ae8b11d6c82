package separable.predict;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import separable.data.Dataset;
import separable.device.Device;
import separable.graph.Parameters;
import separable.predict.ModelReport.Answer;
import separable.train.Evaluation;
import separable.train.Evaluator;
import separable.train.Recipe;

/** Measures a run's network on a data set, picture by picture, the way training measured it. */
public final class ModelEvaluation {

    private final SavedRun run;
    private final Dataset dataset;
    private final Recipe recipe;

    /**
     * @param batch pictures at a time, which moves at most the last bits of the loss
     * @throws IllegalArgumentException when the pictures are not of the network's channels, or of other classes
     */
    public ModelEvaluation(SavedRun run, Dataset dataset, int batch) {
        this.run = run;
        this.dataset = dataset;
        this.recipe = run.config().recipe().withBatch(batch);
        int channels = run.config().model().inputChannels();
        if (dataset.channels() != channels) {
            throw new IllegalArgumentException(dataset.name() + ": pictures of " + dataset.channels() + " channels for a network of " + channels
                    + ": use a data set like the run's, " + run.config().data().dataset());
        }
        if (!dataset.classes().equals(run.classes())) {
            throw new IllegalArgumentException(dataset.name() + ": its " + dataset.classes().size() + " classes are not the " + run.classes().size()
                    + " that " + run.folder() + " was trained for: use a data set with the same names in the same order");
        }
    }

    /**
     * Runs over all pictures.
     *
     * @param done hears how many pictures are done, batch by batch
     * @throws separable.train.StoppedException when {@code stop} becomes true on the way
     * @throws separable.train.TrainingException when the weights do not fit or give no numbers
     */
    public ModelReport on(Device device, IntConsumer done, BooleanSupplier stop) {
        List<Answer> answers = new ArrayList<>(dataset.count());
        try (Parameters parameters = run.parameters(device);
             Evaluator evaluator = new Evaluator(device, run.network(), parameters, recipe, dataset)) {
            Evaluation figures = evaluator.run(stop, (first, count, logits) -> {
                int outputs = run.config().model().classes();
                for (int row = 0; row < count; row++) {
                    Scores scores = new Scores(logits, row, outputs);
                    int best = scores.best();
                    answers.add(new Answer(dataset.label(first + row), best, scores.probabilities()[best]));
                }
                done.accept(first + count);
            });
            return new ModelReport(run.folder(), dataset.name(), figures, Confusion.of(dataset.classes(), answers), answers);
        }
    }
}
