package separable.train;

import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import jcuda.driver.CUdeviceptr;
import separable.data.Dataset;
import separable.data.Sampler;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Range;
import separable.device.Stream;
import separable.graph.Graph;
import separable.graph.Parameters;
import separable.graph.Plan;
import separable.graph.PlanOptions;
import separable.kernel.StepMetrics;
import separable.kernel.StepState;
import separable.layer.Network;
import separable.layer.SoftmaxCrossEntropy;
import separable.tune.Tuning;

/** Measures a network on a data set, or on a part of it: running statistics, no dropout, pictures as they are, every one counted once. */
public final class Evaluator implements AutoCloseable {

    private final Owned owned = new Owned();
    private final Device device;
    private final Stream stream;
    private final int batch;
    private final int count;
    private final StepState state;
    private final Plan plan;
    private final MetricsReader reader;
    private final StepLoop loop;
    private final BatchFeed feed;
    /** The pictures of the last pass, in its order. */
    private int[] order = {};

    /** @param parameters shared with whoever trains them; to be closed after this */
    public Evaluator(Device device, Network network, Parameters parameters, Recipe recipe, Dataset dataset) {
        this(device, network, parameters, recipe, dataset, Tuning.of(recipe.effort()));
    }

    /** With a cache or a listener of one's own for tuning; the recipe's effort does not count. */
    public Evaluator(Device device, Network network, Parameters parameters, Recipe recipe, Dataset dataset, Tuning tuning) {
        this.device = device;
        this.batch = recipe.batch();
        this.count = dataset.count();
        try {
            stream = owned.keep(device.newStream());
            state = owned.keep(new StepState(device));
            DeviceBuffer metrics = owned.keep(device.allocate((long) steps(count) * StepMetrics.BYTES, "evaluation metrics"));
            reader = owned.keep(new MetricsReader(device, metrics));
            Graph graph = network.evaluationGraph(batch, recipe.type(), new SoftmaxCrossEntropy(0));
            plan = owned.keep(Plan.evaluation(device, graph, parameters, state, metrics, PlanOptions.standard().withTuning(tuning).withProducts(recipe.products())));
            feed = owned.keep(new BatchFeed(device, dataset, graph.input().shape(), 1, recipe.type(), recipe.input(), false, count));
            CUdeviceptr input = plan.input();
            CUdeviceptr labels = plan.labels();
            loop = owned.keep(new StepLoop(stream, recipe.capturesOn(device), () -> {
                feed.enqueue(state, input, labels, stream);
                plan.enqueue(stream);
                state.nextBatch(stream.handle());
            }));
        } catch (RuntimeException failure) {
            throw owned.closedAfter(failure);
        }
    }

    private int steps(int pictures) {
        return (pictures + batch - 1) / batch;
    }

    /** Runs over the whole data set and waits. */
    public Evaluation run() {
        return run(count, () -> false);
    }

    /** @throws StoppedException when {@code stop} becomes true on the way */
    Evaluation run(BooleanSupplier stop) {
        return run(count, stop);
    }

    /**
     * Runs over a part of the data set, the same one for the same number.
     *
     * @param pictures how many, spread evenly over the set; more than there are means all
     * @throws StoppedException when {@code stop} becomes true on the way
     */
    Evaluation run(int pictures, BooleanSupplier stop) {
        return run(Math.min(pictures, count), stop, step -> { });
    }

    /** Takes what the network says of pictures. */
    @FunctionalInterface
    public interface Outputs {

        /**
         * @param first  the first picture's number in the data set
         * @param count  pictures from it on
         * @param logits {@code [at least count, outputs]}, row by row
         */
        void accept(int first, int count, float[] logits);
    }

    /**
     * Runs over the whole data set and gives every picture's logits to {@code outputs}, in the data set's order. It waits after every
     * batch, which {@link #run()} does not; the figures are the same bits.
     *
     * @throws StoppedException when {@code stop} becomes true on the way
     */
    public Evaluation run(BooleanSupplier stop, Outputs outputs) {
        return run(count, stop, step -> {
            int first = step * batch;
            outputs.accept(first, Math.min(batch, count - first), plan.read(plan.graph().logits()));
        });
    }

    /** @param enqueued hears of every step, by number, when its work is enqueued */
    private Evaluation run(int pictures, BooleanSupplier stop, IntConsumer enqueued) {
        int steps = steps(pictures);
        if (order.length != pictures) {
            order = new Sampler(count, 0).spread(pictures);
        }
        feed.begin(order, 0, pictures);
        reader.restart();
        state.write(StepState.Values.epoch(0, 0, pictures, 0, batch));
        // A copy from pageable memory may still be on its way to the device when it returns, and this stream does not wait for it.
        device.synchronize();
        plan.refresh(stream);
        Range.begin("evaluate");
        try {
            for (int step = 0; step < steps; step++) {
                if (stop.getAsBoolean()) {
                    stream.synchronize();
                    throw new StoppedException("stopped while evaluating, after step " + step + " of " + steps);
                }
                feed.supply(stream);
                loop.enqueue();
                feed.taken(stream);
                enqueued.accept(step);
            }
            return reader.finish(steps, stream);
        } finally {
            Range.end();
        }
    }

    /** In one line, for people: where the pictures lie. */
    String describeData() {
        return feed.describe();
    }

    /** What runs for each batch of the data set. */
    Plan plan() {
        return plan;
    }

    @Override
    public void close() {
        owned.close();
    }
}
