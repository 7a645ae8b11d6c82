package separable.train;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import separable.graph.StateValue;

/** What a run's listeners see of it: its trainer. */
final class LiveRun implements RunContext {

    private final RunConfig config;
    private final Path folder;
    private final Trainer trainer;
    private volatile boolean stopAsked;

    LiveRun(RunConfig config, Path folder, Trainer trainer) {
        this.config = config;
        this.folder = folder;
        this.trainer = trainer;
    }

    @Override
    public RunConfig config() {
        return config;
    }

    @Override
    public Path folder() {
        return folder;
    }

    @Override
    public long steps() {
        return trainer.stepsEnqueued();
    }

    @Override
    public Map<String, StateValue> weights() {
        return trainer.result().export();
    }

    @Override
    public Map<String, StateValue.Floats> gradients() {
        return trainer.parameters().exportGradients();
    }

    @Override
    public Optional<TrainingBatch> batch() {
        return trainer.lastBatch();
    }

    @Override
    public void stop() {
        stopAsked = true;
    }

    boolean isStopAsked() {
        return stopAsked;
    }
}
