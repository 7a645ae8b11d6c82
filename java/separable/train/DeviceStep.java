package separable.train;

import java.util.Optional;
import jcuda.driver.CUdeviceptr;
import separable.data.Dataset;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.GraphNodes;
import separable.device.Range;
import separable.device.Stream;
import separable.graph.Graph;
import separable.graph.Parameters;
import separable.graph.Plan;
import separable.graph.PlanOptions;
import separable.graph.Tensor;
import separable.kernel.LossScale;
import separable.kernel.StepMetrics;
import separable.kernel.StepState;
import separable.layer.Network;
import separable.optim.Schedule;
import separable.spec.DType;

/**
 * The optimizer step of a run, and all it needs on the device: batch, forward, backward, update, averages and figures, one captured
 * graph where the recipe says so. {@link #begin} starts a pass, {@link #enqueue} gives the stream one step after the other; neither
 * allocates on the device, and only the first waits for it.
 */
public final class DeviceStep implements AutoCloseable {

    private final Owned owned = new Owned();
    private final Device device;
    private final Recipe recipe;
    private final int steps;
    private final int batches;
    private final Schedule schedule;
    private final Stream stream;
    private final StepState state;
    private final Optional<StepState> scaled;
    private final DeviceBuffer metrics;
    private final Parameters parameters;
    private final Plan plan;
    private final WeightUpdate update;
    private final BatchFeed feed;
    private final StepLoop loop;

    /**
     * Draws the first weights, compiles the plan, and puts the data on the device where it fits.
     *
     * @param steps   of a pass at most
     * @param options of the plan; how it multiplies follows from the recipe
     * @throws IllegalArgumentException when data and network do not fit together
     * @throws separable.device.DeviceException when the device lacks the memory
     */
    public DeviceStep(Device device, Network network, Recipe recipe, Dataset train, int steps, PlanOptions options) {
        this.device = device;
        this.recipe = recipe;
        this.steps = steps;
        this.batches = recipe.update().accumulate();
        this.schedule = recipe.schedule().over(recipe.epochs(), steps, recipe.optimizer().learningRate());
        try {
            stream = owned.keep(device.newStream());
            state = owned.keep(new StepState(device));
            scaled = recipe.type() == DType.F16 ? Optional.of(state) : Optional.empty();
            metrics = owned.keep(device.allocate((long) steps * batches * StepMetrics.BYTES, "step metrics"));
            Graph graph = network.trainingGraph(recipe.batch(), recipe.type(), recipe.loss(), recipe.update()::freezes);
            parameters = owned.keep(new Parameters(device, graph.state(), recipe.type()));
            parameters.initialise(recipe.seed(), stream);
            plan = owned.keep(Plan.training(device, graph, parameters, state, metrics, options.withProducts(recipe.products())));
            update = owned.keep(new WeightUpdate(device, recipe, schedule, parameters, state));
            update.weightsSet();
            int places = Math.max(train.count(), Math.multiplyExact(steps, recipe.picturesPerStep()));
            feed = owned.keep(new BatchFeed(device, train, graph.input().shape(), batches, recipe.type(), recipe.input(), true, places));
            CUdeviceptr input = plan.input();
            CUdeviceptr labels = plan.labels();
            loop = owned.keep(new StepLoop(stream, recipe.capturesOn(device), () -> {
                for (int batch = 0; batch < batches; batch++) {
                    feed.enqueue(state, input, labels, stream);
                    plan.enqueue(stream);
                    Range.begin("update");
                    try {
                        update.enqueue(batch, stream);
                    } finally {
                        Range.end();
                    }
                }
            }));
        } catch (RuntimeException failure) {
            throw owned.closedAfter(failure);
        }
    }

    /**
     * Begins a pass. Waits for the device.
     *
     * @param pictures by index, in the order in which steps take them; as many as all steps of a pass take, or more. Not to be changed
     *                 while the pass lasts
     * @param passes   done before this one, from which the learning rate and what is drawn follow
     * @param first    steps of this pass that are done
     */
    public void begin(int[] pictures, int passes, int first) {
        begin(pictures, passes, first, LossScale.first(recipe.type()));
    }

    /** @param scale of the loss, as the steps before left it */
    void begin(int[] pictures, int passes, int first, LossScale scale) {
        if (passes == 0 && first == 0) {
            update.weightsSet();     // others may have been loaded
        }
        int total = steps * recipe.picturesPerStep();
        int picture = first * recipe.picturesPerStep();
        feed.begin(pictures, picture, total);
        int done = passes * steps + first;
        state.write(new StepState.Values(recipe.seed(), (long) done * batches, picture, Math.min(recipe.batch(), total - picture), first * batches,
                total, schedule.at(Math.min(done, schedule.steps() - 1)), recipe.batch(), done - scale.skipped(), scale));
        // A copy from pageable memory may still be on its way to the device when it returns, and the stream does not wait for it.
        device.synchronize();
    }

    /** Enqueues the next step. Waits for nothing but pictures that are streamed and not read yet. */
    public void enqueue() {
        feed.supply(stream);
        loop.enqueue();
        feed.taken(stream);
    }

    /** Every step is enqueued there. */
    public Stream stream() {
        return stream;
    }

    /** Where the loss's scale stands; empty in precisions that need none. */
    Optional<StepState> scaled() {
        return scaled;
    }

    /** The rate of every step of the run. */
    Schedule schedule() {
        return schedule;
    }

    /** A {@link StepMetrics} for every batch of a pass. */
    public DeviceBuffer metrics() {
        return metrics;
    }

    /** The weights that are trained, their gradients and running statistics. */
    Parameters parameters() {
        return parameters;
    }

    WeightUpdate update() {
        return update;
    }

    /** Forward and backward. */
    public Plan plan() {
        return plan;
    }

    /** What one launch of the whole step consists of; empty before the second step, and where steps are not captured. */
    public Optional<GraphNodes> nodes() {
        return loop.nodes();
    }

    /** As {@link BatchFeed#rate}. */
    Optional<InputRate> inputRate(double seconds) {
        return feed.rate(seconds);
    }

    /** In one line, for people: where the pictures lie. */
    String describeData() {
        return feed.describe();
    }

    /** What the last step put into the network; empty before one. Waits for the device. */
    Optional<TrainingBatch> lastBatch() {
        if (!loop.hasRun()) {
            return Optional.empty();
        }
        Tensor input = plan.graph().input();
        return Optional.of(TrainingBatch.of(input.shape(), plan.read(input), plan.readLabels(), recipe.input()));
    }

    @Override
    public void close() {
        owned.close();
    }
}
