package separable.bench;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import separable.device.Device;
import separable.device.Event;
import separable.graph.OpTraffic;
import separable.kernel.StepMetrics;
import separable.train.DeviceStep;
import separable.train.Defaults;
import separable.train.Owned;
import separable.train.TrainingException;
import separable.tune.Stopwatch;
import separable.tune.Timing;

/**
 * Measures training steps as a run makes them: pictures that lie on the device are gathered into a batch, forward, backward, update,
 * figures, one captured graph a step. A sample is many steps in a row between two events, without a wait of the host's.
 */
public final class StepBench {

    /**
     * How long to measure.
     *
     * @param warmUp  steps before the first sample
     * @param samples of each case
     * @param seconds a sample takes at least, in whole steps; of a step that takes longer, one
     * @param launches whether the plan's ops are measured by themselves too, each as often as there are samples
     */
    public record Rules(int warmUp, int samples, double seconds, boolean launches) {

        public Rules {
            if (warmUp < LEAST_WARM_UP || warmUp > MOST_STEPS || samples < 1 || !(seconds > 0)) {
                throw new IllegalArgumentException("warm-up of " + warmUp + " steps, " + samples + " samples of " + seconds + " s: " + LEAST_WARM_UP
                        + " to " + MOST_STEPS + " steps, at least one sample and a time above 0 are needed");
            }
        }
    }

    /** The first is launched kernel by kernel, the second captured and sent to the device. */
    private static final int LEAST_WARM_UP = 3;

    /** Steps in a sample at most: as many batches have an order and room for figures. */
    private static final int MOST_STEPS = 1000;
    private static final int MOST_PLACES = 1 << 22;

    /** Random pictures are far more than a second-level cache holds, as those of a real set are; on a small device there is little time. */
    private static final long PICTURE_BYTES = 96L << 20;
    private static final long SMALL_PICTURE_BYTES = 1L << 20;
    private static final int LEAST_BATCHES = 2;

    private final Device device;
    private final RunInfo info;
    private final Rules rules;
    private final boolean small;
    private final double copyBytesPerSecond;
    private final List<StepRow> rows = new ArrayList<>();

    /** Measures a copy first. @throws separable.device.DeviceException when the device lacks the memory */
    public StepBench(Device device, RunInfo info, Rules rules) {
        this.device = Objects.requireNonNull(device, "device");
        this.info = Objects.requireNonNull(info, "info");
        this.rules = Objects.requireNonNull(rules, "rules");
        this.small = Defaults.isSmall(device.multiprocessors());
        Stopwatch.Rules alike = new Stopwatch.Rules(rules.samples(), rules.samples(), 0, rules.samples() * rules.seconds(), Double.POSITIVE_INFINITY);
        this.copyBytesPerSecond = new CeilingProbe(device, small, alike).copyBytesPerSecond();
    }

    /**
     * Measures one kind of step.
     *
     * @param stop asked before each sample
     * @return empty when {@code stop} said so
     * @throws TrainingException when the loss is no longer a number
     * @throws separable.device.DeviceException when the device lacks the memory
     */
    public Optional<StepRow> measure(StepCase what, BooleanSupplier stop) {
        long before = device.liveBytes();
        long free = device.freeMemory();
        device.restartPeak();
        RandomPictures pictures = RandomPictures.of(what.model().resolution(), pictures(what), what.model().classes());
        int most = Math.max(rules.warmUp(), Math.min(MOST_STEPS, MOST_PLACES / what.batch()));
        try (DeviceStep step = new DeviceStep(device, what.model().network(), what.recipe(), pictures, most, what.options());
             Passes passes = new Passes(step, order(pictures.count(), Math.multiplyExact(most, what.batch())), most)) {
            Optional<Timing> timing = passes.time(stop);
            double loss = loss(step);
            StepRow.Memory memory = new StepRow.Memory(device.peakBytes() - before, pictures.bytes(), free - device.freeMemory());
            List<LaunchRow> launches = timing.isPresent() && rules.launches() ? passes.launches() : List.of();
            Optional<StepRow> row = timing.map(time -> new StepRow(what, time, step.nodes(), step.plan().launches(), launches, traffic(step), memory, loss));
            row.ifPresent(rows::add);
            return row;
        }
    }

    private int pictures(StepCase what) {
        long bytes = small ? SMALL_PICTURE_BYTES : PICTURE_BYTES;
        int imageBytes = RandomPictures.of(what.model().resolution(), 1, 1).imageBytes();
        return (int) Math.max(bytes / imageBytes, (long) LEAST_BATCHES * what.batch());
    }

    private static int[] order(int pictures, int places) {
        return new SplittableRandom(1).ints(places, 0, pictures).toArray();
    }

    /** Of the first step of the last pass: of batches that were seen before, like all. */
    private static double loss(DeviceStep step) {
        StepMetrics figures = StepMetrics.at(ByteBuffer.wrap(step.metrics().readBytes(0, StepMetrics.BYTES)).order(ByteOrder.nativeOrder()), 0);
        double loss = figures.lossSum() / figures.count();
        if (!Double.isFinite(loss)) {
            throw new TrainingException("the loss is " + loss + ": the times of such steps mean nothing; use another precision or optimizer");
        }
        return loss;
    }

    private static StepRow.Traffic traffic(DeviceStep step) {
        List<OpTraffic> ops = step.plan().traffic();
        long backward = ops.stream().filter(OpTraffic::backward).mapToLong(OpTraffic::bytes).sum();
        long all = ops.stream().mapToLong(OpTraffic::bytes).sum();
        return new StepRow.Traffic(all - backward, backward, ops.stream().mapToLong(OpTraffic::activations).sum());
    }

    /** What was measured so far. @param whole whether that is all */
    public StepReport report(boolean whole) {
        return new StepReport(info, whole, copyBytesPerSecond, rows);
    }

    /** Passes over the same pictures: warm-up, a guess at the time, samples. */
    private final class Passes implements AutoCloseable {

        private final Owned owned = new Owned();
        private final DeviceStep step;
        private final int[] order;
        private final Event begin;
        private final Event end;
        private final int most;
        private int done;

        /** @param most steps in a pass */
        Passes(DeviceStep step, int[] order, int most) {
            this.step = step;
            this.order = order;
            this.most = most;
            try {
                begin = owned.keep(device.newEvent());
                end = owned.keep(device.newEvent());
            } catch (RuntimeException failure) {
                throw owned.closedAfter(failure);
            }
        }

        Optional<Timing> time(BooleanSupplier stop) {
            microseconds(LEAST_WARM_UP);
            double guess = microseconds(rules.warmUp()) / rules.warmUp();
            int group = (int) Math.max(1, Math.min(most, Math.ceil(1e6 * rules.seconds() / guess)));
            double[] samples = new double[rules.samples()];
            for (int sample = 0; sample < samples.length; sample++) {
                if (stop.getAsBoolean()) {
                    return Optional.empty();
                }
                samples[sample] = microseconds(group) / group;
            }
            return Optional.of(Timing.of(samples, group));
        }

        /** On the batch of another step. */
        List<LaunchRow> launches() {
            microseconds(1);
            try (LaunchTimes times = new LaunchTimes(device, step.plan())) {
                return times.time(step.stream(), rules.samples());
            }
        }

        /** Of so many steps in a row. */
        private double microseconds(int steps) {
            step.begin(order, done++, 0);
            step.stream().record(begin);
            for (int at = 0; at < steps; at++) {
                step.enqueue();
            }
            step.stream().record(end);
            end.synchronize();
            return 1e3 * end.millisecondsSince(begin);
        }

        @Override
        public void close() {
            owned.close();
        }
    }
}
