package separable.tune;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import separable.device.Closing;
import separable.device.Device;

/**
 * Chooses how to compute problems, by rule or by measurement on this device.
 *
 * <p>Before it may win, a candidate's result is held against the generic kernel's on the same random operands. One that fails,
 * disagrees, or needs more workspace than allowed is left out, and the {@link Decision} says so; when it is one of our own kernels that
 * disagrees, an error is logged too. A candidate must be clearly faster than the rule's choice to displace it, so that noise does not.
 * Scratch memory is allocated for the measurement alone.
 *
 * <p>What is chosen may differ from machine to machine and, among equals, from run to run, and with it the order of sums and so the last
 * bits of results. With the same choices results are the same bit for bit; a {@link TuningCache} keeps choices.
 *
 * <p>Not for use while the thread captures a stream: measuring allocates and waits. Belongs to one thread. Close it after its last
 * choice, which writes the cache; what it chose lives on.
 */
public final class Tuner implements AutoCloseable {

    /**
     * Where candidates come from; the last is the generic kernel, the referee.
     *
     * @param byRule those that the choice by rule looks at, best guess first
     * @param all    those that are measured
     */
    record Market(Function<Problem, List<Offer>> byRule, Function<Problem, List<Offer>> all) {

        static Market of(CudnnAccess cudnn) {
            return new Market(problem -> Offers.byRule(cudnn, problem), problem -> Offers.of(cudnn, problem));
        }
    }

    private final Device device;
    private final Tuning tuning;
    private final Market market;
    private final CudnnAccess cudnn;
    private final Map<Problem, Decision> decided = new HashMap<>();
    private final Optional<TuningCache.Section> memory;

    /**
     * Reads what {@code tuning}'s cache knows about this device.
     *
     * @param device for which it chooses; current on this thread, and to be closed after everything chosen
     * @param tuning how much to measure, what candidates may need, where results are kept
     */
    public Tuner(Device device, Tuning tuning) {
        this(device, tuning, Market::of);
    }

    Tuner(Device device, Tuning tuning, Market market) {
        this(device, tuning, cudnn -> market);
    }

    private Tuner(Device device, Tuning tuning, Function<CudnnAccess, Market> market) {
        this.device = Objects.requireNonNull(device, "device");
        this.tuning = Objects.requireNonNull(tuning, "tuning");
        this.cudnn = new CudnnAccess(device);
        this.market = market.apply(cudnn);
        this.memory = tuning.effort() == Effort.OFF ? Optional.empty() : tuning.cache().map(cache -> cache.section(device));
    }

    /**
     * Chooses, and makes what was chosen.
     *
     * @return to be closed by the caller, before the device
     * @throws IllegalArgumentException when no kernel can index the problem
     * @throws separable.device.DeviceException when the device fails, rather than a candidate
     */
    public Choice choose(Problem problem) {
        if (tuning.effort() == Effort.OFF) {
            return byRule(problem);
        }
        Decision known = decided.get(problem);
        if (known == null) {
            known = memory.flatMap(section -> section.find(problem, tuning)).orElse(null);
        }
        if (known != null) {
            Optional<Candidate> candidate = find(problem, known.winner());
            if (candidate.isPresent()) {
                return tell(new Choice(candidate.get(), known));
            }
        }
        try (Measurement measurement = new Measurement(device, problem, tuning)) {
            Choice choice = measurement.choose(market.all().apply(problem));
            memory.ifPresent(section -> section.put(choice.decision(), tuning));
            return tell(choice);
        }
    }

    /** Tells the listener once a problem. */
    private Choice tell(Choice choice) {
        Decision decision = choice.decision();
        if (decided.put(decision.problem(), decision) == null) {
            tuning.listener().accept(decision);
        }
        return choice;
    }

    private Choice byRule(Problem problem) {
        for (Offer offer : market.byRule().apply(problem)) {
            Candidate candidate = offer.make();
            if (candidate.workspaceBytes() <= tuning.workspaceLimit()) {
                return new Choice(candidate, Decision.byRule(problem, candidate.name(), "by rule", List.of()));
            }
            candidate.close();
        }
        throw new IllegalArgumentException("the " + problem + " needs more than " + tuning.workspaceLimit()
                + " bytes of workspace whatever computes it: raise the limit");
    }

    /** Empty when it is no longer offered, or needs too much workspace: then it is time to measure again. */
    private Optional<Candidate> find(Problem problem, String name) {
        for (Offer offer : market.all().apply(problem)) {
            if (offer.name().equals(name)) {
                Candidate candidate = offer.make();
                if (candidate.workspaceBytes() <= tuning.workspaceLimit()) {
                    return Optional.of(candidate);
                }
                candidate.close();
            }
        }
        return Optional.empty();
    }

    /** Writes what was measured to the cache. What was chosen lives on. */
    @Override
    public void close() {
        Closing.all(List.<AutoCloseable>of(cudnn, () -> memory.ifPresent(TuningCache.Section::save)));
    }
}
