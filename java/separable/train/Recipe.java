package separable.train;

import java.util.List;
import separable.device.Device;
import separable.device.Range;
import separable.graph.PlanOptions;
import separable.graph.Schedule;
import separable.layer.SoftmaxCrossEntropy;
import separable.spec.DType;
import separable.spec.Precision;
import separable.spec.Products;
import separable.tune.Effort;
import separable.tune.Tuning;

/**
 * How a network is trained, whatever network and pictures they are.
 *
 * @param epochs    passes over the training pictures
 * @param batch     pictures that go through the network together; what remains of an epoch after the last whole step is left out
 * @param precision {@code fp32}, {@code tf32}, {@code bf16} or {@code fp16}: {@link Precision}; fp16 with a scaled loss, {@link separable.kernel.LossScale}
 * @param seed      of initial weights, order, augmentation and dropout
 * @param graph     whether steps run as one captured CUDA graph where the device can; the bits are the same either way
 * @param tune      {@code off}, {@code quick} or {@code full}: how much is measured before the kernels of convolutions are chosen. What is
 *                  chosen may differ from machine to machine, and with it the last bits; the user's tuning cache keeps choices, so that
 *                  this configuration and that cache give the same bits again. Off where a file does not have it
 * @param stepSchedule {@code plain} or {@code fused}: how the step's work is divided into kernels, {@link Schedule}. Their sums differ in the
 *                  last bits. Plain where a file does not have it
 */
public record Recipe(int epochs, int batch, String precision, long seed, boolean graph, String tune, String stepSchedule,
                     OptimizerConfig optimizer, ScheduleConfig schedule, UpdateConfig update, InputConfig input, EvaluationConfig evaluation) {

    public Recipe {
        Check.that(epochs >= 1 && epochs <= 100_000, "epochs", epochs, "1 to 100000");
        Check.that(batch >= 1 && batch <= 65536, "batch", batch, "1 to 65536");
        Precision.parse(Check.present("precision", precision));
        tune = tune == null ? Effort.OFF.toString() : Effort.parse(tune).toString();
        stepSchedule = stepSchedule == null ? Schedule.PLAIN.toString() : Schedule.parse(stepSchedule).toString();
        Check.present("optimizer", optimizer);
        Check.present("schedule", schedule);
        Check.present("update", update);
        Check.present("input", input);
        Check.present("evaluation", evaluation);
        Check.that(schedule.warmupEpochs() < epochs, "warm-up", schedule.warmupEpochs(), "less than the " + epochs + " epochs of the run");
    }

    /**
     * Whether steps on {@code device} are launched as one captured graph: where that is wanted and the device can, and nobody profiles,
     * who would see the whole step as one thing. Otherwise kernels are launched one by one, with the same bits.
     */
    public boolean capturesOn(Device device) {
        return graph && device.supportsGraphs() && !Range.isEnabled();
    }

    /** What training makes small. */
    SoftmaxCrossEntropy loss() {
        return new SoftmaxCrossEntropy(optimizer.labelSmoothing(), input.augment().drawn().mixes());
    }

    /** Pictures between two changes of the weights. */
    public int picturesPerStep() {
        return Math.multiplyExact(batch, update.accumulate());
    }

    /** Whether a run with these epochs behind it is at its end: all are done, or its patience is. */
    public boolean isOver(List<EpochMetrics> done) {
        return done.size() >= epochs || evaluation.isExhausted(done);
    }

    /** In which activations and gradients are stored. */
    public DType type() {
        return Precision.parse(precision).type();
    }

    /** How they are multiplied. */
    public Products products() {
        return Precision.parse(precision).products();
    }

    /** How the plan of a step is made. */
    public PlanOptions planOptions(Tuning tuning) {
        return PlanOptions.standard().withTuning(tuning).withProducts(products()).withSchedule(Schedule.parse(stepSchedule));
    }

    public Effort effort() {
        return Effort.parse(tune);
    }

    public Recipe withEpochs(int count) {
        return new Recipe(count, batch, precision, seed, graph, tune, stepSchedule, optimizer, schedule, update, input, evaluation);
    }

    /** Both at once: the warm-up must be shorter than the run, and either may be the one that is changed too far. */
    public Recipe withEpochs(int count, ScheduleConfig rates) {
        return new Recipe(count, batch, precision, seed, graph, tune, stepSchedule, optimizer, rates, update, input, evaluation);
    }

    public Recipe withBatch(int pictures) {
        return new Recipe(epochs, pictures, precision, seed, graph, tune, stepSchedule, optimizer, schedule, update, input, evaluation);
    }

    public Recipe withPrecision(Precision chosen) {
        return new Recipe(epochs, batch, chosen.toString(), seed, graph, tune, stepSchedule, optimizer, schedule, update, input, evaluation);
    }

    public Recipe withSeed(long value) {
        return new Recipe(epochs, batch, precision, value, graph, tune, stepSchedule, optimizer, schedule, update, input, evaluation);
    }

    public Recipe withGraph(boolean captured) {
        return new Recipe(epochs, batch, precision, seed, captured, tune, stepSchedule, optimizer, schedule, update, input, evaluation);
    }

    public Recipe withTune(Effort effort) {
        return new Recipe(epochs, batch, precision, seed, graph, effort.toString(), stepSchedule, optimizer, schedule, update, input, evaluation);
    }

    public Recipe withStepSchedule(Schedule kernels) {
        return new Recipe(epochs, batch, precision, seed, graph, tune, kernels.toString(), optimizer, schedule, update, input, evaluation);
    }

    public Recipe withOptimizer(OptimizerConfig rule) {
        return new Recipe(epochs, batch, precision, seed, graph, tune, stepSchedule, rule, schedule, update, input, evaluation);
    }

    public Recipe withSchedule(ScheduleConfig rates) {
        return new Recipe(epochs, batch, precision, seed, graph, tune, stepSchedule, optimizer, rates, update, input, evaluation);
    }

    public Recipe withInput(InputConfig treatment) {
        return new Recipe(epochs, batch, precision, seed, graph, tune, stepSchedule, optimizer, schedule, update, treatment, evaluation);
    }

    public Recipe withUpdate(UpdateConfig change) {
        return new Recipe(epochs, batch, precision, seed, graph, tune, stepSchedule, optimizer, schedule, change, input, evaluation);
    }

    public Recipe withEvaluation(EvaluationConfig when) {
        return new Recipe(epochs, batch, precision, seed, graph, tune, stepSchedule, optimizer, schedule, update, input, when);
    }
}
