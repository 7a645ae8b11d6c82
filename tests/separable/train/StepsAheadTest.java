package separable.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.data.MemoryDataset;
import separable.device.Device;
import separable.layer.Dense;
import separable.layer.DepthwiseConv;
import separable.layer.Initial;
import separable.layer.Network;
import separable.layer.PadRule;
import separable.layer.Weights;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.ForkedJava;

/** Nothing in a step waits for the device: the host gives it steps that are not begun yet, and hears of each when it is long past. */
@ExtendWith(DeviceExtension.class)
class StepsAheadTest {

    private static final int STEPS = 64;
    private static final int SIDE = 4;

    /** Figures are asked for every 16 steps: a step after that a device that works as late as it may has done none of them. */
    private static final int LEAST_LEAD = 16;

    @Test
    void theHostStaysAheadOfADeviceThatDoesNothingBeforeItMust(Device device) throws Exception {
        assumeTrue(device.name().startsWith("Emulated"), "needs the emulated device's deferred work");
        ForkedJava.Result run = ForkedJava.run(StepsAheadTest.class, Map.of("SEPARABLE_EMULATOR_DEFERRED", "1"));
        assertThat(run.status()).as(run.output()).isZero();
        String[] last = run.output().strip().split("\\s+");
        assertThat(Integer.parseInt(last[last.length - 2])).as("reports within the epoch").isPositive();
        assertThat(Integer.parseInt(last[last.length - 1])).as("steps enqueued beyond those reported").isGreaterThanOrEqualTo(LEAST_LEAD);
    }

    /** Hears how far the host is when figures come, before the epoch ends with a wait. */
    private static final class Leads implements TrainListener {

        private long enqueued;
        private int reports;
        private long least = Long.MAX_VALUE;

        @Override
        public void stepEnqueued(long step) {
            enqueued = step;
        }

        @Override
        public void stepsDone(int steps, Evaluation soFar, double seconds) {
            if (enqueued < STEPS) {
                reports++;
                least = Math.min(least, enqueued - steps);
            }
        }
    }

    /** One epoch with all that a step may hold; prints how often figures came within it, and the least lead then. */
    public static void main(String[] none) {
        Network network = new Network.Builder().add("depthwise", new DepthwiseConv(3, 1, 1, PadRule.SYMMETRIC, Weights.withoutBias(Initial.HE_UNIFORM)))
                .add("classifier", new Dense(2, Weights.withBias(Initial.HE_UNIFORM))).build("tiny", new Shape(1, SIDE, SIDE, 3));
        byte[] pictures = new byte[STEPS * SIDE * SIDE * 3];
        int[] labels = new int[STEPS];
        Arrays.setAll(labels, picture -> picture % 2);
        MemoryDataset data = new MemoryDataset("tiny", "made", SIDE, SIDE, 3, pictures, labels, List.of("even", "odd"));
        InputConfig input = InputConfig.of(List.of(0f, 0f, 0f), List.of(1f, 1f, 1f)).withAugment(AugmentConfig.NONE.withFlip(true, true));
        Recipe recipe = Defaults.recipe("mobilenet-v1", input, true).withBatch(1).withEpochs(1, ScheduleConfig.usual("constant", 0, 1))
                .withUpdate(UpdateConfig.PLAIN.withEma(0.9f).withClipNorm(1));
        try (Device device = Device.open(); Trainer trainer = new Trainer(device, network, recipe, data, data)) {
            Leads leads = new Leads();
            trainer.trainEpoch(leads, () -> false);
            System.out.println(leads.reports + " " + leads.least);
        }
    }
}
