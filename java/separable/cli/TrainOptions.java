package separable.cli;

import static separable.cli.ModelOptions.or;

import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import separable.data.DecodeListener;
import separable.graph.Schedule;
import separable.layer.Network;
import separable.spec.Precision;
import separable.train.Defaults;
import separable.train.InputConfig;
import separable.train.ModelConfig;
import separable.train.NamedRecipe;
import separable.train.OptimizerConfig;
import separable.train.Recipe;
import separable.train.RunConfig;
import separable.train.ScheduleConfig;
import separable.tune.Effort;

/** The options that describe a run: network, data, recipe. Null where the user named nothing. */
final class TrainOptions {

    @Mixin
    ModelOptions model = new ModelOptions();

    @Mixin
    StartOptions start = new StartOptions();

    @Option(names = "--config", paramLabel = "FILE", description = "start from the config.json of an earlier run; other options override it")
    Path config;

    @Option(names = "--recipe", paramLabel = "NAME",
            description = "a whole set of values, which other options override: paper-v1, paper-v2, torchvision or cifar-fast")
    String recipe;

    @Option(names = "--print-config", description = "print the run's config.json instead of training")
    boolean printConfig;

    @Mixin
    DataOptions data = new DataOptions();

    @Option(names = "--epochs", paramLabel = "N", description = "passes over the training pictures")
    Integer epochs;

    @Option(names = "--batch", paramLabel = "N", description = "pictures a step")
    Integer batch;

    @Option(names = "--precision", paramLabel = "NAME", description = "fp32, tf32, bf16 or fp16")
    String precision;

    @Option(names = "--seed", paramLabel = "N", description = "of initial weights, order, augmentation and dropout (default: 1)")
    Long seed;

    @Option(names = "--no-graph", description = "launch kernels one by one instead of one captured graph a step; the result is the same")
    boolean noGraph;

    @Option(names = "--profile", description = "name data, forward, backward, update and evaluate on a profiler's timeline (NVTX); kernels are then launched one by one")
    boolean profile;

    @Option(names = "--tune", paramLabel = "EFFORT", description = "off, quick or full: measure kernels for convolutions before training, of the plain step schedule (default: off); winners, runners-up and"
            + " their times are in the results' plan.txt")
    String tune;

    @Option(names = "--step-schedule", paramLabel = "NAME", description = "fused or plain: what lies around a convolution by the convolution's kernel, or every operation of a step by its own (default: fused)")
    String stepSchedule;

    @Option(names = "--optimizer", paramLabel = "NAME", description = "sgd, nesterov, rmsprop, adam or adamw; another than a recipe's or configuration's comes with its own rate, decay and momentum")
    String optimizer;

    @Option(names = "--lr", paramLabel = "X", description = "highest learning rate of the schedule")
    Float learningRate;

    @Option(names = "--schedule", paramLabel = "NAME", description = "of the rate after the warm-up: constant, step, exponential, linear, cosine or one-cycle")
    String schedule;

    @Option(names = "--decay-factor", paramLabel = "X", description = "of step and exponential: the rate is multiplied by it ...")
    Double decayFactor;

    @Option(names = "--decay-epochs", paramLabel = "N", description = "... every so many epochs")
    Double decayEpochs;

    @Option(names = "--warmup", paramLabel = "EPOCHS", description = "epochs, or a part of one, in which the learning rate rises")
    Double warmup;

    @Option(names = "--weight-decay", paramLabel = "X", description = "decay of weights")
    Float weightDecay;

    @Option(names = "--momentum", paramLabel = "X", description = "of sgd, nesterov and rmsprop")
    Float momentum;

    @Option(names = "--label-smoothing", paramLabel = "X", description = "share of the target spread over all classes")
    Float labelSmoothing;

    @Mixin
    AugmentOptions augment = new AugmentOptions();

    @Option(names = "--stream", negatable = true, description = "keep the pictures on the host and copy them batch by batch, even where all would fit on"
            + " the device, or not; the result is the same")
    Boolean stream;

    @Mixin
    UpdateOptions update = new UpdateOptions();

    @Mixin
    EvaluationOptions evaluation = new EvaluationOptions();

    /**
     * The whole run: the configuration named, or the defaults, with the options put in their places. Where mean and deviation are to be the
     * pictures' own, these are read, and a folder of them is decoded.
     *
     * @param small    whether the device is small
     * @param listener hears how decoding goes on
     * @throws IllegalArgumentException when an option's value is not possible
     */
    RunConfig resolve(boolean small, DecodeListener listener) {
        if (config != null && (model.model != null || model.dataset != null)) {
            throw new IllegalArgumentException("--config: names the model and the data set already: leave out --model and --dataset");
        }
        if (config != null && recipe != null) {
            throw new IllegalArgumentException("--config: has all values of a recipe already: leave out --recipe");
        }
        NamedRecipe named = recipe == null ? null : NamedRecipe.parse(recipe);
        RunConfig base = base(named, small);
        ModelConfig chosen = model.over(base.model());
        Network network = chosen.network();     // which says at once when the resolution is too small
        Recipe changed = over(base.recipe(), network);
        RunConfig run = new RunConfig(chosen, data.over(base.data(), changed.seed()), changed).withStart(start.over(base.start()));
        run.recipe().update().requireFitting(network);
        return data.normalised(run, config == null && (named == null || named.takesStatistics()), listener);
    }

    /** @param named null for no recipe */
    private RunConfig base(NamedRecipe named, boolean small) {
        if (config != null) {
            return RunConfig.read(config);
        }
        return named == null ? data.defaults(model, model.modelName(), optimizer, small)
                : named.over(data.defaults(model, or(model.model, named.model()), optimizer, false));
    }

    private Recipe over(Recipe base, Network network) {
        int length = or(epochs, base.epochs());
        InputConfig input = augment.over(base.input());
        return base.withEpochs(length, over(base.schedule(), base.epochs(), length)).withBatch(or(batch, base.batch()))
                .withPrecision(Precision.parse(or(precision, base.precision()))).withSeed(or(seed, base.seed()))
                .withGraph(base.graph() && !noGraph).withTune(tune == null ? base.effort() : Effort.parse(tune))
                .withStepSchedule(Schedule.parse(or(stepSchedule, base.stepSchedule())))
                .withOptimizer(over(base.optimizer())).withUpdate(update.over(base.update(), network))
                .withInput(input.withStream(or(stream, input.stream()))).withEvaluation(evaluation.over(base.evaluation()));
    }

    /** Another rule than the base's comes with its own rate, decay and momentum: the base's would mean something else to it. */
    private OptimizerConfig over(OptimizerConfig base) {
        OptimizerConfig rule = optimizer == null || optimizer.equals(base.name()) ? base : Defaults.optimizer(optimizer);
        refuse(momentum != null && !rule.takesMomentum(), "--momentum", "sgd, nesterov and rmsprop", rule.name());
        return new OptimizerConfig(rule.name(), or(learningRate, rule.learningRate()), or(weightDecay, rule.weightDecay()),
                or(momentum, rule.momentum()), or(labelSmoothing, base.labelSmoothing()));
    }

    private ScheduleConfig over(ScheduleConfig base, int before, int length) {
        ScheduleConfig rates = base.stretched(before, length).changedTo(or(schedule, base.name()), length);
        refuse(decayFactor != null && !rates.takesDecay(), "--decay-factor", "--schedule step and exponential", rates.name());
        refuse(decayEpochs != null && !rates.takesDecay(), "--decay-epochs", "--schedule step and exponential", rates.name());
        return rates.withWarmup(or(warmup, rates.warmupEpochs())).withDecay(or(decayFactor, rates.decayFactor()), or(decayEpochs, rates.decayEpochs()));
    }

    private static void refuse(boolean given, String option, String whose, String chosen) {
        if (given) {
            throw new IllegalArgumentException(option + ": is for " + whose + ", not for " + chosen + ": leave it out");
        }
    }
}
