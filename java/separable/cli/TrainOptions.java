package separable.cli;

import static separable.cli.ModelOptions.or;

import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import separable.data.DecodeListener;
import separable.layer.Network;
import separable.train.AugmentConfig;
import separable.train.InputConfig;
import separable.train.ModelConfig;
import separable.train.OptimizerConfig;
import separable.train.Recipe;
import separable.train.RunConfig;
import separable.train.ScheduleConfig;

/** The options of {@code separable train}. Null where the user named nothing. */
final class TrainOptions {

    /** Share of a run that the warm-up takes at most, unless the user says otherwise. */
    private static final double LONGEST_WARMUP = 0.25;

    @Mixin
    ModelOptions model = new ModelOptions();

    @Mixin
    StartOptions start = new StartOptions();

    @Option(names = "--config", paramLabel = "FILE", description = "start from the config.json of an earlier run; other options override it")
    Path config;

    @Mixin
    DataOptions data = new DataOptions();

    @Option(names = "--out", paramLabel = "DIR", description = "folder for the results, among them plan.txt, which says what every op runs (default: runs/MODEL-DATASET)")
    Path out;

    @Option(names = "--resume", paramLabel = "DIR", description = "go on with the interrupted run in that folder; goes with no other option but --checkpoint-steps and --profile")
    Path resume;

    @Option(names = "--checkpoint-steps", paramLabel = "N", defaultValue = "2000",
            description = "steps between two checkpoints within an epoch; 0: only at the ends of epochs (default: ${DEFAULT-VALUE})")
    int checkpointSteps;

    @Option(names = "--epochs", paramLabel = "N", description = "passes over the training pictures")
    Integer epochs;

    @Option(names = "--batch", paramLabel = "N", description = "pictures a step")
    Integer batch;

    @Option(names = "--precision", paramLabel = "NAME", description = "fp32 or bf16")
    String precision;

    @Option(names = "--seed", paramLabel = "N", description = "of initial weights, order, augmentation and dropout (default: 1)")
    Long seed;

    @Option(names = "--no-graph", description = "launch kernels one by one instead of one captured graph a step; the result is the same")
    boolean noGraph;

    @Option(names = "--profile", description = "name data, forward, backward, update and evaluate on a profiler's timeline (NVTX); kernels are then launched one by one")
    boolean profile;

    @Option(names = "--tune", paramLabel = "EFFORT", description = "off, quick or full: measure kernels for convolutions before training (default: off); winners, runners-up and"
            + " their times are in the results' plan.txt")
    String tune;

    @Option(names = "--optimizer", paramLabel = "NAME", description = "sgd, nesterov, rmsprop, adam or adamw")
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

    @Option(names = "--flip", negatable = true, description = "mirror training pictures left to right at random, or not")
    Boolean flip;

    @Option(names = "--crop", paramLabel = "PIXELS", description = "pad training pictures by so many pixels and crop at random")
    Integer crop;

    @Option(names = "--stream", description = "keep the pictures on the host and copy them batch by batch, even where all would fit on the device; the"
            + " result is the same")
    boolean stream;

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
        RunConfig base = config != null ? RunConfig.read(config) : data.defaults(model, optimizer, small);
        ModelConfig chosen = model.over(base.model());
        Network network = chosen.network();     // which says at once when the resolution is too small
        Recipe recipe = over(base.recipe(), network);
        RunConfig run = new RunConfig(chosen, data.over(base.data(), recipe.seed()), recipe).withStart(start.over(base.start()));
        run.recipe().update().requireFitting(network);
        return data.normalised(run, config == null, listener);
    }

    private Recipe over(Recipe base, Network network) {
        OptimizerConfig rule = base.optimizer();
        InputConfig input = base.input();
        return new Recipe(or(epochs, base.epochs()), or(batch, base.batch()), or(precision, base.precision()), or(seed, base.seed()),
                base.graph() && !noGraph, or(tune, base.tune()),
                new OptimizerConfig(or(optimizer, rule.name()), or(learningRate, rule.learningRate()), or(weightDecay, rule.weightDecay()),
                        or(momentum, rule.momentum()), or(labelSmoothing, rule.labelSmoothing())),
                over(base.schedule(), or(epochs, base.epochs())),
                update.over(base.update(), network),
                new InputConfig(input.mean(), input.deviation(), input.centre(), over(input.augment()), input.stream() || stream),
                evaluation.over(base.evaluation()));
    }

    private AugmentConfig over(AugmentConfig base) {
        return base.withCrop(or(crop, base.crop())).withFlip(or(flip, base.flip()), base.verticalFlip());
    }

    private ScheduleConfig over(ScheduleConfig base, int length) {
        ScheduleConfig named = schedule == null || schedule.equals(base.name()) ? base
                : ScheduleConfig.usual(schedule, base.warmupEpochs(), length);
        double longest = Math.max(LONGEST_WARMUP, ScheduleConfig.usual(named.name(), 0, 1).warmupEpochs()) * length;
        return new ScheduleConfig(named.name(), or(warmup, Math.min(named.warmupEpochs(), longest)), or(decayFactor, named.decayFactor()),
                or(decayEpochs, named.decayEpochs()));
    }

    /** Where results go. */
    Path outFor(RunConfig run) {
        return or(out, Path.of("runs", run.model().name() + "-" + run.data().dataset()));
    }
}
