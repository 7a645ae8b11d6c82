package separable.predict;

import java.util.stream.IntStream;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.graph.Graph;
import separable.graph.Parameters;
import separable.graph.Plan;
import separable.graph.PlanOptions;
import separable.kernel.Augmentation;
import separable.kernel.BatchGather;
import separable.kernel.BatchSpec;
import separable.kernel.StepState;
import separable.train.InputConfig;
import separable.train.Owned;
import separable.train.Recipe;
import separable.train.StepLoop;
import separable.tune.Tuning;

/**
 * From the bytes of so many pictures to logits, by the kernels that evaluation runs: the one that makes a batch and the network's.
 * Used by one thread at a time, with the device current.
 */
final class InferencePlan implements AutoCloseable {

    private final Owned owned = new Owned();
    private final DeviceBuffer images;
    private final Plan plan;
    private final StepLoop loop;

    /**
     * @param parameters to be closed after this
     * @param batch      pictures at a time
     */
    InferencePlan(Device device, SavedRun run, Parameters parameters, int batch) {
        Recipe recipe = run.config().recipe();
        Graph graph = run.network().inferenceGraph(batch, recipe.type());
        int side = run.pictureSize();
        try {
            Stream stream = owned.keep(device.newStream());
            images = owned.keep(device.allocate((long) batch * side * side * graph.input().shape().c(), "pictures"));
            DeviceBuffer order = owned.keep(device.allocate((long) batch * Integer.BYTES, "order of the pictures"));
            order.write(IntStream.range(0, batch).toArray());
            DeviceBuffer labels = owned.keep(device.allocate((long) batch * Integer.BYTES, "labels that nobody reads"));
            StepState state = owned.keep(new StepState(device));
            state.write(StepState.Values.epoch(0, 0, batch, 0, batch));
            plan = owned.keep(Plan.inference(device, graph, parameters, PlanOptions.standard().withTuning(Tuning.of(recipe.effort())).withProducts(recipe.products())));
            InputConfig input = recipe.input();
            BatchSpec spec = new BatchSpec(side, side, 0, graph.input().shape(), input.mean(), input.deviation(), input.centre());
            BatchGather gather = owned.keep(new BatchGather(device, spec, Augmentation.NONE, recipe.type()));
            loop = owned.keep(new StepLoop(stream, recipe.capturesOn(device), () -> {
                // Any numbers do for the pictures' labels: those of the order.
                gather.run(images.pointer(), order.pointer(), order.pointer(), state.pointer(), plan.input(), labels.pointer(), null, stream.handle());
                plan.enqueue(stream);
            }));
        } catch (RuntimeException failure) {
            throw owned.closedAfter(failure);
        }
    }

    /**
     * Waits for the result.
     *
     * @param pictures u8 {@code [at most batch, side, side, channels]}
     * @return {@code [batch, outputs]}; rows beyond the pictures hold something of earlier ones
     */
    float[] run(byte[] pictures) {
        images.write(pictures);
        loop.enqueue();
        return plan.read(plan.graph().logits());
    }

    @Override
    public void close() {
        owned.close();
    }
}
