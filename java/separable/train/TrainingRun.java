package separable.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import separable.data.DecodeListener;
import separable.device.Device;
import separable.exchange.NamedTensor;
import separable.exchange.SafeTensors;
import separable.exchange.StateImport;
import separable.graph.Schedule;
import separable.tune.Effort;
import separable.tune.Tuning;

/**
 * A run from its configuration to its folder. After every epoch {@code model.safetensors}, {@code config.json},
 * {@code metrics.jsonl} and, when it was the best so far, {@code model-best.safetensors} are replaced, and a {@link Checkpoint}
 * after them, so that a run cut anywhere goes on from the newest whole one and ends in the same bytes. A run that is stopped leaves a
 * checkpoint of its last step.
 */
public final class TrainingRun {

    public static final String MODEL_FILE = "model.safetensors";
    /** The model after the most accurate epoch, the first of several. */
    public static final String BEST_MODEL_FILE = "model-best.safetensors";
    public static final String CONFIG_FILE = "config.json";
    public static final String METRICS_FILE = "metrics.jsonl";

    /** The latest run's kernels, written before its first step: what each op moves and runs, and how it was chosen. */
    public static final String PLAN_FILE = "plan.txt";

    /** Which pictures of a folder are broken and left out, and which are odd; where there are any. */
    public static final String BROKEN_FILE = "broken-pictures.txt";

    private final RunConfig config;
    private final RunFolder folder;
    private final DataIdentity data;
    private final Trainer trainer;
    private final LiveRun live;
    private final TrainListener listener;
    private final List<EpochMetrics> metrics = new ArrayList<>();
    private final List<StepEvaluation> evaluations = new ArrayList<>();
    private Evaluation test = Evaluation.NOTHING;
    /** The tensors that the folder's best checkpoint names, before this run's first epoch an earlier run's; empty where there is none. */
    private String best;

    private TrainingRun(RunConfig config, RunFolder folder, DataIdentity data, Trainer trainer, TrainListener listener) {
        this.config = config;
        this.folder = folder;
        this.data = data;
        this.trainer = trainer;
        this.live = new LiveRun(config, folder.path(), trainer);
        this.listener = TrainListener.all(List.of(recorder(), listener));
        this.best = tensorsOfBest();
    }

    /** A damaged one costs nothing but itself. */
    private String tensorsOfBest() {
        Path file = folder.path().resolve(Checkpoint.BEST);
        try {
            return Files.exists(file) ? Checkpoint.read(file).tensors() : "";
        } catch (TrainingException e) {
            listener.warned(e.getMessage() + ": goes on without it");
            return "";
        }
    }

    /**
     * Trains all epochs, or as far as a listener lets it: {@link RunContext#stop}.
     *
     * @param checkpointSteps steps between two checkpoints within an epoch; 0 for none but at the ends of epochs
     * @return the last epoch's evaluation; {@link Evaluation#NOTHING} when it was stopped before one
     * @throws TrainingException         when the folder cannot be written, holds another run's checkpoint or has one under way, the
     *                                   weights to start from do not fit, or the run diverges
     * @throws StoppedException          when {@code stop} becomes true; the folder then holds a checkpoint
     * @throws separable.data.DataException when the data cannot be read
     */
    public static Evaluation execute(Device device, RunConfig config, Path out, int checkpointSteps, TrainListener listener, BooleanSupplier stop) {
        try (RunFolder folder = RunFolder.openForRun(out)) {
            requireNoUnfinishedRun(out);
            StartConfig start = config.start();
            if (start == null) {
                return run(device, config, folder, checkpointSteps, listener, stop, run -> { });
            }
            StateImport weights = start.read(config.model());
            listener.weightsLoaded(start, weights.report());
            return run(device, config, folder, checkpointSteps, listener, stop, run -> run.trainer.startFrom(weights.state()));
        }
    }

    /** A run begun anew over an interrupted one would cost what that has done. */
    private static void requireNoUnfinishedRun(Path out) {
        Path file = out.resolve(Checkpoint.LAST);
        if (!Files.exists(file)) {
            return;
        }
        Checkpoint last = Checkpoint.read(file);
        int epochs = last.config().recipe().epochs();
        if (!last.config().recipe().isOver(last.metrics())) {
            throw new TrainingException(out + ": holds a run that was interrupted after " + last.position().epochs() + " of " + epochs
                    + " epochs: go on with  ./separable train --resume " + out + "  or choose another --out, or delete " + file);
        }
    }

    /** The configuration of the run in {@code folder}. @throws TrainingException when there is no whole checkpoint in it */
    public static RunConfig interrupted(Path folder) {
        return Checkpoint.read(folder.resolve(Checkpoint.LAST)).config();
    }

    /**
     * Goes on with the run in {@code out} from its last checkpoint; one that is finished only has its files written anew.
     *
     * @throws TrainingException as {@link #execute}, and when the checkpoint is missing, damaged or of other pictures
     */
    public static Evaluation resume(Device device, Path out, int checkpointSteps, TrainListener listener, BooleanSupplier stop) {
        try (RunFolder folder = RunFolder.openForRun(out)) {
            Checkpoint checkpoint = Checkpoint.read(out.resolve(Checkpoint.LAST));
            Map<String, NamedTensor> tensors = checkpoint.readTensors(out);
            return run(device, checkpoint.config(), folder, checkpointSteps, listener, stop, run -> run.restore(checkpoint, tensors));
        }
    }

    private interface Preparation {
        void of(TrainingRun run);
    }

    private static Evaluation run(Device device, RunConfig config, RunFolder folder, int checkpointSteps, TrainListener listener, BooleanSupplier stop,
                                  Preparation preparation) {
        LoadedData data = config.data().loadAll(DecodeListener.NONE);
        Recipe recipe = config.recipe();
        if (recipe.effort() != Effort.OFF && recipe.stepSchedule().equals(Schedule.FUSED.toString())) {
            listener.warned("tuning " + recipe.tune() + ": the fused schedule's kernels are chosen by rule, so only what it leaves plain is measured; "
                    + "use --step-schedule plain to measure all");
        }
        Tuning tuning = Tuning.of(recipe.effort()).withListener(listener::tuned);
        try (Trainer trainer = new Trainer(device, config.model().network(), recipe, data.train(), data.test(), tuning)) {
            TrainingRun run = new TrainingRun(config, folder, DataIdentity.of(data), trainer, listener);
            preparation.of(run);
            String plans = trainer.describePlans();
            folder.replace(Map.of(PLAN_FILE, file -> Files.writeString(file, plans)));
            if (!data.report().isEmpty()) {
                folder.replace(Map.of(BROKEN_FILE, file -> Files.writeString(file, data.report())));
            }
            trainer.checkpointEvery(checkpointSteps, run::saveCheckpoint);
            return run.trainAll(stop);
        }
    }

    private void restore(Checkpoint checkpoint, Map<String, NamedTensor> tensors) {
        if (!checkpoint.data().equals(data)) {
            throw new TrainingException(folder.path().resolve(Checkpoint.LAST) + ": the run had " + checkpoint.data().against(data) + ": put "
                    + config.data().folder() + " back as it was, or begin anew with another --out");
        }
        try {
            trainer.restore(checkpoint.position(), tensors);
        } catch (IllegalArgumentException e) {
            throw Checkpoint.damaged(folder.path().resolve(checkpoint.tensors()), e.getMessage(), e);
        }
        metrics.addAll(checkpoint.metrics());
        evaluations.addAll(checkpoint.evaluations());
        test = checkpoint.test();
    }

    private Evaluation trainAll(BooleanSupplier stop) {
        Recipe recipe = config.recipe();
        if (recipe.isOver(metrics)) {
            saveResults();
        }
        listener.runStarted(live);
        try {
            boolean saved = recipe.isOver(metrics);
            while (!recipe.isOver(metrics) && !live.isStopAsked()) {
                trainEpoch(() -> live.isStopAsked() || stop.getAsBoolean());
                saved = true;
            }
            if (!saved) {       // stopped before its first epoch here
                saveEpoch();
            }
        } catch (StoppedException e) {
            saveCheckpoint();
            if (!live.isStopAsked()) {
                throw new StoppedException(e.getMessage() + ": go on with  ./separable train --resume " + folder.path());
            }
            saveResults();
        }
        if (recipe.isOver(metrics) && metrics.size() < recipe.epochs()) {
            listener.endedEarly(metrics.size(), recipe.epochs(), EvaluationConfig.bestOf(metrics));
        }
        listener.runEnded(test);
        return test;
    }

    private void trainEpoch(BooleanSupplier stop) {
        EpochMetrics line = trainer.trainEpoch(listener, stop);
        metrics.add(line);
        test = trainer.lastEvaluation();
        listener.epochEvaluated(line);
        saveEpoch();
        listener.epochEnded(line);
    }

    /** Keeps the figures of evaluations within epochs, so that others find them in the folder when they hear of them. */
    private TrainListener recorder() {
        return new TrainListener() {
            @Override
            public void evaluated(StepEvaluation figures) {
                evaluations.add(figures);
                folder.replace(Map.of(METRICS_FILE, TrainingRun.this::writeMetrics));
            }
        };
    }

    private void writeMetrics(Path file) throws IOException {
        Files.writeString(file, new RunHistory(metrics, evaluations).toLines());
    }

    /** What people use, then the checkpoint: cut between the two, the run does the epoch again and writes the same. */
    private void saveEpoch() {
        saveResults();
        saveCheckpoint();
    }

    private void saveResults() {
        if (metrics.isEmpty()) {
            // An earlier run's best must not stand beside this one's configuration.
            folder.delete(name -> name.equals(BEST_MODEL_FILE) || name.equals(Checkpoint.BEST));
            best = "";
        }
        Map<String, RunFolder.Content> files = new LinkedHashMap<>();
        files.put(MODEL_FILE, trainer::save);
        if (isBest()) {
            files.put(BEST_MODEL_FILE, trainer::save);
        }
        files.put(CONFIG_FILE, file -> Files.writeString(file, config.toJson()));
        files.put(METRICS_FILE, this::writeMetrics);
        folder.replace(files);
    }

    private void saveCheckpoint() {
        Position position = trainer.position();
        RunFolder.Digested tensors = folder.add("checkpoint-" + trainer.stepsDone(), ".safetensors",
                file -> SafeTensors.of(trainer.snapshot(), Map.of()).write(file));
        String json = new Checkpoint(Checkpoint.VERSION, config, data, position, metrics, evaluations, test, tensors.name(), tensors.sha256()).toJson();
        Map<String, RunFolder.Content> files = new LinkedHashMap<>();
        if (isBest()) {
            best = tensors.name();
            files.put(Checkpoint.BEST, file -> Files.writeString(file, json));
        }
        files.put(Checkpoint.LAST, file -> Files.writeString(file, json));
        folder.replace(files);
        folder.delete(name -> Checkpoint.isTensorsFile(name) && !name.equals(tensors.name()) && !name.equals(best));
        listener.checkpointed(trainer.stepsDone());
    }

    /** Whether the run stands at the end of the first epoch with the highest accuracy so far. */
    private boolean isBest() {
        return trainer.position().step() == 0 && !metrics.isEmpty() && EvaluationConfig.bestOf(metrics) == metrics.size();
    }
}
