package separable.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.data.IdxFiles;
import separable.data.KnownDataset;
import separable.data.KnownDataset.Part;
import separable.device.Device;
import separable.layer.Dense;
import separable.layer.DepthwiseConv;
import separable.layer.Initial;
import separable.layer.Network;
import separable.layer.PadRule;
import separable.layer.Weights;
import separable.spec.Shape;
import separable.testing.DeviceExtension;

/** What steps leave behind once the first ones are done: a run of days must not wait for the garbage collector. */
@ExtendWith(DeviceExtension.class)
class StepGarbageTest {

    private static final int SIDE = 4;
    private static final int BATCHES_AN_EPOCH = 125;
    private static final int EPOCHS = 4;

    /** Until code that runs often is compiled and what is made once is made. */
    private static final int WARM_UP_EPOCHS = 2;

    /** A step's figures, and what an epoch needs (its order, its evaluation), spread over its batches. */
    private static final long HEAP_BYTES_A_BATCH = 80;

    /** Beside those: names of a copy that may fail, a look at its time, a place in a queue. */
    private static final long HEAP_BYTES_A_STREAMED_BATCH = 600;

    /** All that can be drawn for grey pictures but the padded crop, which the resized one excludes. */
    private static final AugmentConfig AUGMENTED = new AugmentConfig(0, 0.5f, true, true, 20, 0.2f, 0.2f, 0, 0, 0.5f, 0.4f, 1);

    @TempDir
    Path place;

    private static final class StepCounter implements TrainListener {

        private long steps;

        @Override
        public void stepEnqueued(long step) {
            steps++;
        }
    }

    private static Network tiny() {
        return new Network.Builder().add("depthwise", new DepthwiseConv(3, 1, 1, PadRule.SYMMETRIC, Weights.withoutBias(Initial.HE_UNIFORM)))
                .add("classifier", new Dense(10, Weights.withBias(Initial.HE_UNIFORM))).build("tiny", new Shape(1, SIDE, SIDE, 1));
    }

    @ParameterizedTest(name = "captured: {0}, streamed: {1}, batches a step: {2}, augmented: {3}")
    @CsvSource({"true, false, 1, false", "false, false, 1, false", "true, true, 1, false", "false, false, 5, true"})
    void hundredsOfBatchesAllocateNothingOnTheDeviceAndNextToNothingOnTheHeap(boolean captured, boolean streamed, int accumulate, boolean augmented,
                                                                             Device device) throws IOException {
        IdxFiles.write(place, BATCHES_AN_EPOCH, 2, SIDE);
        Recipe usual = Defaults.of("separable-cnn", KnownDataset.MNIST, true).recipe();
        InputConfig input = usual.input().withStream(streamed).withAugment(augmented ? AUGMENTED : usual.input().augment());
        Recipe recipe = usual.withEpochs(WARM_UP_EPOCHS + EPOCHS).withBatch(1).withGraph(captured).withInput(input)
                .withUpdate(accumulate == 1 ? UpdateConfig.PLAIN : new UpdateConfig(accumulate, 1, 0.9f, "all", List.of()));
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Trainer trainer = new Trainer(device, tiny(), recipe, KnownDataset.MNIST.load(place, Part.TRAIN), KnownDataset.MNIST.load(place, Part.TEST))) {
            StepCounter counter = new StepCounter();
            TrainListener listeners = TrainListener.all(List.of(counter, new TrainListener() { }));
            // One for all epochs: to make a lambda for the first time is garbage too.
            BooleanSupplier never = () -> false;
            for (int epoch = 0; epoch < WARM_UP_EPOCHS; epoch++) {
                trainer.trainEpoch(listeners, never);
            }
            long allocations = device.allocations();
            long heap = threads.getCurrentThreadAllocatedBytes();
            for (int epoch = 0; epoch < EPOCHS; epoch++) {
                trainer.trainEpoch(listeners, never);
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - heap;
            assertThat(device.allocations()).isEqualTo(allocations);
            assertThat(counter.steps).isEqualTo((long) (WARM_UP_EPOCHS + EPOCHS) * BATCHES_AN_EPOCH / accumulate);
            assertThat(allocated / (EPOCHS * BATCHES_AN_EPOCH)).as("bytes on the heap a batch").isLessThan(streamed ? HEAP_BYTES_A_STREAMED_BATCH : HEAP_BYTES_A_BATCH);
        }
    }
}
