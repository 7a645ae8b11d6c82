package separable.tune;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import separable.device.CapturedGraph;
import separable.device.Closing;
import separable.device.Device;
import separable.device.Event;
import separable.device.Stream;

/**
 * Times contenders against each other on a stream of its own, by events, round by round: every round takes one sample of each, a
 * different one first, so that what drifts (clocks, temperature, other users) meets all alike.
 *
 * <p>A contender names the operand set of a run itself; {@link Workbench} has as many as it takes to leave nothing of the last use in
 * the second-level cache. Runs too short for an event's resolution and the host's pace are captured, many to a graph, and a sample is
 * one launch of it. Nothing is allocated between two events.
 *
 * <p>Belongs to one thread, which must not be capturing a stream.
 */
public final class Stopwatch implements AutoCloseable {

    /** Something to time. */
    @FunctionalInterface
    public interface Contender {

        /** Enqueues one run over operand set {@code set}; allocates nothing, waits for nothing, may be captured. */
        void enqueue(int set, Stream stream);
    }

    /**
     * When to stop.
     *
     * @param leastRounds samples of each contender before the precision counts
     * @param mostRounds  samples of each contender at most
     * @param precision   stop when every median is known to this share of itself; quartiles decide, so that outliers do not
     * @param seconds     stop after a round in which this time is over; the first round is always finished
     * @param hopeless    a contender that takes so many times as long as the fastest in the warm-up gets no further samples
     */
    public record Rules(int leastRounds, int mostRounds, double precision, double seconds, double hopeless) {

        public Rules {
            if (leastRounds < 1 || mostRounds < leastRounds || !(precision >= 0) || !(seconds > 0) || !(hopeless > 1)) {
                throw new IllegalArgumentException("timing of " + leastRounds + " to " + mostRounds + " rounds to a precision of " + precision
                        + " within " + seconds + " s, hopeless from " + hopeless + " times: rounds from 1 up, precision from 0, seconds above 0"
                        + " and hopeless above 1 are needed");
            }
        }

        /** For figures to report: 0.5% within ten seconds, every contender to the end. */
        public static Rules thorough() {
            return new Rules(15, 500, 0.005, 10, Double.POSITIVE_INFINITY);
        }
    }

    /** Runs shorter than this are captured in groups: the host takes several microseconds to enqueue one. */
    private static final double SHORT_MICROSECONDS = 50;

    /** A group lasts at least so long, against which the launch of its graph and the events' resolution are below 1%. */
    private static final double GROUP_MICROSECONDS = 1000;

    /** Runs in a group at most. */
    private static final int LARGEST_GROUP = 512;

    private static final int WARM_UP_RUNS = 2;

    private final Device device;
    private final Rules rules;
    private final Stream stream;
    private final Event before;
    private final Event after;

    public Stopwatch(Device device, Rules rules) {
        this.device = Objects.requireNonNull(device, "device");
        this.rules = Objects.requireNonNull(rules, "rules");
        stream = device.newStream();
        List<AutoCloseable> owned = new ArrayList<>(List.of(stream));
        try {
            before = device.newEvent();
            owned.add(before);
            after = device.newEvent();
        } catch (RuntimeException failure) {
            throw Closing.after(failure, owned);
        }
    }

    /** The stream that everything is enqueued on. */
    public Stream stream() {
        return stream;
    }

    /**
     * Warms up and times.
     *
     * @param sets operand sets that contenders take in turn, from 0
     * @return a timing for each contender, in the order given
     * @throws separable.device.DeviceException when a launch fails
     */
    public List<Timing> race(List<? extends Contender> contenders, int sets) {
        List<Lane> lanes = new ArrayList<>();
        try {
            for (Contender contender : contenders) {
                lanes.add(warmUp(contender, sets));
            }
            double fastest = lanes.stream().mapToDouble(lane -> lane.estimate).min().orElse(0);
            List<Lane> running = lanes.stream().filter(lane -> lane.estimate <= rules.hopeless * fastest).toList();
            running.forEach(Lane::prepare);
            stream.synchronize();
            run(running);
        } catch (RuntimeException failure) {
            throw Closing.after(failure, lanes);
        }
        Closing.all(lanes);
        return lanes.stream().map(Lane::timing).toList();
    }

    private Lane warmUp(Contender contender, int sets) {
        double best = Double.POSITIVE_INFINITY;
        for (int run = 0; run < WARM_UP_RUNS; run++) {
            int set = run % sets;
            best = Math.min(best, microseconds(() -> contender.enqueue(set, stream)));
        }
        return new Lane(contender, sets, best);
    }

    private double microseconds(Runnable work) {
        stream.record(before);
        work.run();
        stream.record(after);
        after.synchronize();
        return 1e3 * after.millisecondsSince(before);
    }

    private void run(List<Lane> lanes) {
        long began = System.nanoTime();
        for (int round = 0; round < rules.mostRounds; round++) {
            for (int place = 0; place < lanes.size(); place++) {
                lanes.get((round + place) % lanes.size()).enqueueSample();
            }
            stream.synchronize();
            lanes.forEach(Lane::readSample);
            boolean late = (System.nanoTime() - began) * 1e-9 > rules.seconds;
            if (late || round + 1 >= rules.leastRounds && lanes.stream().allMatch(lane -> lane.timing().uncertainty() <= rules.precision)) {
                return;
            }
        }
    }

    /** One contender, its samples so far, and what it owns. */
    private final class Lane implements AutoCloseable {

        private final Contender contender;
        private final int sets;
        private final double estimate;
        private final List<AutoCloseable> owned = new ArrayList<>();
        private final List<CapturedGraph> graphs = new ArrayList<>();
        private double[] samples = new double[rules.mostRounds];
        private int count;
        private int group = 1;
        private int next;
        private Event begin;
        private Event end;

        Lane(Contender contender, int sets, double estimate) {
            this.contender = contender;
            this.sets = sets;
            this.estimate = estimate;
        }

        void prepare() {
            begin = keep(device.newEvent());
            end = keep(device.newEvent());
            if (estimate >= SHORT_MICROSECONDS) {
                return;
            }
            group = (int) Math.min(LARGEST_GROUP, Math.ceil(GROUP_MICROSECONDS / Math.max(estimate, 1)));
            if (device.supportsGraphs()) {
                // As many graphs as it takes to pass over all sets before the first is used again.
                for (int first = 0; first < sets; first += group) {
                    int from = first;
                    graphs.add(keep(stream.capture(() -> enqueueGroup(from))));
                }
                // A graph's first launch also sends it to the device.
                graphs.forEach(graph -> graph.launch(stream));
            }
        }

        private <T extends AutoCloseable> T keep(T resource) {
            owned.add(resource);
            return resource;
        }

        private void enqueueGroup(int first) {
            for (int run = 0; run < group; run++) {
                contender.enqueue((first + run) % sets, stream);
            }
        }

        void enqueueSample() {
            stream.record(begin);
            if (graphs.isEmpty()) {
                enqueueGroup(next);
                next = (next + group) % sets;
            } else {
                graphs.get(next).launch(stream);
                next = (next + 1) % graphs.size();
            }
            stream.record(end);
        }

        void readSample() {
            samples[count++] = 1e3 * end.millisecondsSince(begin) / group;
        }

        Timing timing() {
            return count == 0 ? Timing.of(new double[] {estimate}, 1) : Timing.of(Arrays.copyOf(samples, count), group);
        }

        @Override
        public void close() {
            Closing.all(owned);
        }
    }

    @Override
    public void close() {
        Closing.all(List.of(stream, before, after));
    }
}
