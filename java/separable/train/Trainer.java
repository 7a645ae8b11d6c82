package separable.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import separable.data.Dataset;
import separable.data.Sampler;
import separable.device.Device;
import separable.exchange.NamedTensor;
import separable.exchange.SafeTensors;
import separable.graph.Parameters;
import separable.graph.StateValue;
import separable.kernel.LossScale;
import separable.layer.Network;
import separable.optim.Schedule;
import separable.tune.Tuning;

/**
 * Trains one network on one data set, epoch by epoch. The whole step (batch, forward, backward, update) runs on the device
 * and the host waits for none of them; between epochs it waits once, for the epoch's figures.
 *
 * <p>The same seed on the same device gives the same weights, bit for bit. A trainer belongs to one thread.
 */
public final class Trainer implements AutoCloseable {

    /** Steps between two looks at the figures on the device. */
    private static final int REPORT_STEPS = 16;

    private final Owned owned = new Owned();
    private final Recipe recipe;
    private final Sampler sampler;
    private final int batches;
    private final int steps;
    private final DeviceStep deviceStep;
    private final Schedule schedule;
    private final Parameters parameters;
    private final WeightUpdate update;
    private final MetricsReader reader;
    private final Evaluator evaluator;
    /** Steps of this epoch that the stream was given. */
    private int enqueued;
    private Position position;
    private Evaluation lastTest = Evaluation.NOTHING;
    private int checkpointSteps;
    private Runnable checkpoint = () -> { };

    /**
     * Draws the first weights, compiles the step, and puts the data on the device where it fits.
     *
     * @throws IllegalArgumentException when batch, data and network do not fit together
     * @throws separable.device.DeviceException when the device lacks the memory
     */
    public Trainer(Device device, Network network, Recipe recipe, Dataset train, Dataset test) {
        this(device, network, recipe, train, test, Tuning.of(recipe.effort()));
    }

    /** With a cache or a listener of one's own for tuning; the recipe's effort does not count. */
    public Trainer(Device device, Network network, Recipe recipe, Dataset train, Dataset test, Tuning tuning) {
        Fitting.require(network, recipe, train, test);
        this.recipe = recipe;
        this.sampler = new Sampler(train.count(), recipe.seed());
        this.batches = recipe.update().accumulate();
        this.steps = train.count() / recipe.picturesPerStep();
        this.position = Position.epochsDone(0, LossScale.first(recipe.type()));
        try {
            deviceStep = owned.keep(new DeviceStep(device, network, recipe, train, steps, recipe.planOptions(tuning)));
            schedule = deviceStep.schedule();
            parameters = deviceStep.parameters();
            update = deviceStep.update();
            reader = owned.keep(new MetricsReader(device, deviceStep.metrics(), deviceStep.scaled()));
            evaluator = owned.keep(new Evaluator(device, network, result(), recipe, test, tuning));
        } catch (RuntimeException failure) {
            throw owned.closedAfter(failure);
        }
    }

    /** Trains one epoch and evaluates. */
    public EpochMetrics trainEpoch() {
        return trainEpoch(new TrainListener() { }, () -> false);
    }

    /**
     * Trains one epoch and evaluates.
     *
     * @param stop asked before every step
     * @throws StoppedException when {@code stop} becomes true
     * @throws TrainingException when the loss is no longer a number
     */
    public EpochMetrics trainEpoch(TrainListener listener, BooleanSupplier stop) {
        int epoch = position.epochs() + 1;
        if (epoch > recipe.epochs()) {
            throw new IllegalStateException("all " + recipe.epochs() + " epochs of this trainer's schedule are done");
        }
        int first = position.step();
        listener.epochStarted(epoch, recipe.epochs(), steps, first);
        beginEpoch();
        long began = System.nanoTime();
        TrainingClock clock = new TrainingClock();
        trainSteps(listener, stop, clock);
        double trainSeconds = clock.seconds();
        report(listener, trainSeconds);
        listener.evaluating(epoch);
        lastTest = requireNumber(evaluator.run(stop), "test loss");
        Evaluation train = position.soFar();
        position = Position.epochsDone(epoch, position.scale());
        enqueued = 0;
        EpochMetrics metrics = new EpochMetrics(epoch, epoch * steps, schedule.at(epoch * steps - 1), train.loss(), train.accuracy(), lastTest.loss(),
                lastTest.accuracy(), (double) (steps - first) * recipe.picturesPerStep() / trainSeconds,
                (System.nanoTime() - began) * 1e-9);
        EpochMetrics scaled = deviceStep.scaled().isPresent() ? metrics.withScale(position.scale()) : metrics;
        return deviceStep.inputRate(trainSeconds).map(scaled::withInput).orElse(scaled);
    }

    /** The steps of this epoch from {@link #position} on. */
    private void trainSteps(TrainListener listener, BooleanSupplier stop, TrainingClock clock) {
        int first = position.step();
        for (int step = first + 1; step <= steps; step++) {
            settle(step - 1, first, listener, stop, clock);
            if (stop.getAsBoolean()) {
                reach(step - 1);
                throw new StoppedException("stopped in epoch " + (position.epochs() + 1) + ", after step " + (step - 1) + " of " + steps);
            }
            deviceStep.enqueue();
            enqueued = step;
            listener.stepEnqueued(stepsEnqueued());
            if (step % REPORT_STEPS == 0) {
                reader.request(step * batches, deviceStep.stream());
            }
            if (reader.poll()) {
                report(listener, clock.seconds());
            }
        }
        reach(steps);
    }

    /**
     * What is due after {@code step}, which is not the epoch's last: the evaluation, then the checkpoint, which thus says that the
     * evaluation is made. A run that goes on from here makes an evaluation that was cut off, and keeps that it has.
     */
    private void settle(int step, int first, TrainListener listener, BooleanSupplier stop, TrainingClock clock) {
        boolean evaluates = isEvaluatedAfter(step);
        if (evaluates) {
            reach(step);
            clock.pausedFor(() -> evaluateWithin(listener, stop));
        }
        boolean keeps = step == first ? evaluates : checkpointSteps > 0 && step % checkpointSteps == 0;
        if (keeps) {
            reach(step);
            checkpoint.run();
        }
    }

    /** Waits for the steps of this epoch up to {@code step}, all of them enqueued. */
    private void reach(int step) {
        Evaluation figures = reader.finish(step * batches, deviceStep.stream());
        position = position.at(step, figures, reader.scale());
        countBatches();
    }

    /** Whether an evaluation within the epoch is due: before a first step there is none, and the epoch's end has its own. */
    private boolean isEvaluatedAfter(int step) {
        int every = recipe.evaluation().everySteps();
        // A run that goes on from here may have made it before.
        return step > 0 && every > 0 && ((long) position.epochs() * steps + step) % every == 0
                && !(step == position.step() && position.isEvaluated());
    }

    /** Evaluates where the run stands, the device being idle. */
    private void evaluateWithin(TrainListener listener, BooleanSupplier stop) {
        int epoch = position.epochs() + 1;
        int done = position.epochs() * steps + position.step();
        listener.evaluating(epoch);
        long began = System.nanoTime();
        int wanted = recipe.evaluation().pictures();
        Evaluation test = requireNumber(wanted == 0 ? evaluator.run(stop) : evaluator.run(wanted, stop), "test loss");
        Evaluation train = position.soFar().since(position.evaluated());
        position = position.withEvaluated();
        listener.evaluated(new StepEvaluation(epoch, done, schedule.at(done - 1), train.loss(), train.accuracy(), test.loss(), test.accuracy(),
                test.count(), (System.nanoTime() - began) * 1e-9));
    }

    private void beginEpoch() {
        deviceStep.begin(sampler.shuffled(position.epochs()), position.epochs(), position.step(), position.scale());
        reader.restart(position.step() * batches, position.soFar(), position.scale());
    }

    private void report(TrainListener listener, double seconds) {
        deviceStep.inputRate(seconds).ifPresent(listener::inputRead);
        if (deviceStep.scaled().isPresent()) {
            listener.lossScaled(reader.scale());
        }
        listener.stepsDone(reader.steps() / batches, requireNumber(reader.soFar(), "training loss"), seconds);
    }

    private Evaluation requireNumber(Evaluation figures, String what) {
        if (!Double.isFinite(figures.loss())) {
            throw new TrainingException("the " + what + " is " + figures.loss() + " in epoch " + (position.epochs() + 1) + ", within "
                    + reader.steps() / batches + " steps: the run diverged; use a lower learning rate or a longer warm-up");
        }
        return figures;
    }

    /**
     * Replaces weights and running statistics before the first step; what {@code state} lacks stays as it was drawn.
     *
     * @param state by our names, in the shapes of files
     */
    void startFrom(Map<String, StateValue> state) {
        Map<String, StateValue> all = new LinkedHashMap<>(parameters.export());
        all.putAll(state);
        parameters.load(all);
        update.weightsSet();
    }

    /** Calls {@code save} within epochs, after every so many steps; 0 for never. The device is idle then. */
    void checkpointEvery(int count, Runnable save) {
        checkpointSteps = count;
        checkpoint = save;
    }

    /** Where the run stands: after a {@link StoppedException} where it stopped. */
    Position position() {
        return position;
    }

    /** Optimizer steps since the run began that the device was given. */
    long stepsEnqueued() {
        return (long) position.epochs() * steps + enqueued;
    }

    /** What the last step put into the network; empty before one. Waits for the device. */
    Optional<TrainingBatch> lastBatch() {
        return deviceStep.lastBatch();
    }

    /** Optimizer steps since the run began. */
    long stepsDone() {
        return (long) position.epochs() * steps + position.step();
    }

    /** {@link PlanReport} of the step and the evaluation. */
    String describePlans() {
        return PlanReport.of(deviceStep.plan(), evaluator.plan(), deviceStep.describeData(), evaluator.describeData());
    }

    /** Everything on the device that later steps depend on, under names of its own. Waits for the device. */
    List<NamedTensor> snapshot() {
        return TrainingState.save(parameters, update);
    }

    /**
     * Goes on from another trainer's {@link #snapshot} at its {@link #position}, with the same bits as if it had done all steps.
     *
     * @throws IllegalArgumentException when they are not this network's and optimizer's
     */
    void restore(Position reached, Map<String, NamedTensor> snapshot) {
        reached.requireWithin(recipe.epochs(), steps);
        if (deviceStep.scaled().isPresent() == reached.scale().equals(LossScale.NONE)) {
            throw new IllegalArgumentException("a loss scale of " + reached.scale().factor() + " is not one of a run in " + recipe.precision());
        }
        TrainingState.load(parameters, update, snapshot);
        position = reached;
        enqueued = reached.step();
        countBatches();
    }

    /** The evaluation that ended the last epoch. */
    Evaluation lastEvaluation() {
        return lastTest;
    }

    private void countBatches() {
        parameters.batchesTracked(stepsDone() * batches);
        result().batchesTracked(parameters.batchesTracked());
    }

    /** What evaluation looks at and files get: the weights averaged over the steps where the recipe says so, else those that are trained. */
    public Parameters result() {
        return update.average().orElse(parameters);
    }

    /** Measures {@link #result} as it is on the test data. */
    public Evaluation evaluate() {
        return evaluator.run();
    }

    /** The weights that are trained, their gradients and running statistics on the device. */
    public Parameters parameters() {
        return parameters;
    }

    /** Writes {@link #result}'s weights and running statistics as safetensors, under PyTorch's names and shapes. Waits for the device. */
    public void save(Path file) throws IOException {
        SafeTensors.of(TrainingState.weights(result(), ""), Map.of("format", "pt")).write(file);
    }

    @Override
    public void close() {
        owned.close();
    }
}
