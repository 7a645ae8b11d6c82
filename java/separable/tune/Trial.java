package separable.tune;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import separable.device.CapturedGraph;
import separable.device.Closing;
import separable.device.Device;
import separable.device.Stream;
import separable.kernel.Compare;

/** Runs candidates of one problem on the same random operands: first for their results, then for their times. */
public final class Trial implements AutoCloseable {

    private final Device device;
    private final Problem problem;
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final Stopwatch watch;
    private final Workbench bench;
    private final Compare compare;

    /**
     * @param referee    its result is what the others' are held against
     * @param candidates all that will be tried here
     */
    public Trial(Device device, Problem problem, Candidate referee, List<Candidate> candidates, Stopwatch.Rules rules) {
        this.device = device;
        this.problem = problem;
        List<Candidate> all = new ArrayList<>(candidates);
        all.add(referee);
        try {
            watch = keep(new Stopwatch(device, rules));
            compare = keep(new Compare(device));
            bench = keep(new Workbench(device, problem, workspace(all), tickets(all)));
            bench.keepReference(referee, watch.stream());
        } catch (RuntimeException failure) {
            throw Closing.after(failure, owned);
        }
    }

    private <T extends AutoCloseable> T keep(T resource) {
        owned.add(resource);
        return resource;
    }

    private static long workspace(List<Candidate> candidates) {
        return candidates.stream().mapToLong(Candidate::workspaceBytes).max().orElse(0);
    }

    private static int tickets(List<Candidate> candidates) {
        return candidates.stream().mapToInt(Candidate::tickets).max().orElse(0);
    }

    /** Bytes of device memory that a trial of {@code candidates} takes. */
    static long bytes(Device device, Problem problem, List<Candidate> candidates) {
        return Workbench.bytes(device, problem, workspace(candidates), tickets(candidates));
    }

    /**
     * Runs a candidate plainly, and captured where the device can: a plan does either.
     *
     * @param tolerance against the referee
     * @return why it may not win; empty when its results are right
     * @throws RuntimeException whatever the candidate throws
     */
    public Optional<String> fault(Candidate candidate, Tolerance tolerance) {
        Stream stream = watch.stream();
        Optional<String> fault = fault(candidate, tolerance, () -> bench.enqueue(candidate, 0, stream));
        if (fault.isPresent() || !device.supportsGraphs()) {
            return fault;
        }
        try (CapturedGraph graph = stream.capture(() -> bench.enqueue(candidate, 0, stream))) {
            return fault(candidate, tolerance, () -> graph.launch(stream)).map(reason -> reason + ", when captured");
        }
    }

    private Optional<String> fault(Candidate candidate, Tolerance tolerance, Runnable run) {
        Stream stream = watch.stream();
        bench.poison(stream);
        run.run();
        stream.synchronize();
        Compare.Result result = bench.compare(compare, tolerance.rtol(), stream);
        if (!tolerance.admits(result)) {
            return Optional.of(String.format(Locale.ROOT, "its result is wrong by %.2e beyond tolerance at element %d, with a largest of %.2e",
                    result.excess() - tolerance.share() * result.largest(), result.element(), result.largest()));
        }
        return bench.ticketsAreZero(candidate) ? Optional.empty() : Optional.of("it leaves its tickets other than zero");
    }

    /** @return a timing for each, in the order given */
    public List<Timing> race(List<Candidate> candidates) {
        return watch.race(candidates.stream().map(bench::contender).toList(), bench.sets());
    }

    /** Gives its scratch memory back. */
    @Override
    public void close() {
        Closing.all(owned);
    }
}
