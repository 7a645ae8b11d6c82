package separable.tune;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import separable.device.Closing;
import separable.device.Device;
import separable.device.DeviceException;
import separable.tune.Decision.Score;
import separable.tune.Decision.Source;

/** One problem, measured: candidates are made, checked and raced; all but the winner are closed with this. */
final class Measurement implements AutoCloseable {

    private static final Logger LOG = System.getLogger(Measurement.class.getName());

    /** A candidate must be at least so much faster than the rule's choice to displace it. */
    private static final double LEAST_GAIN = 0.01;

    /** Share of the free memory that a trial may take. */
    private static final double MEMORY_SHARE = 0.8;

    private record Entrant(Offer offer, Candidate candidate) {
    }

    private record Result(Candidate candidate, Timing timing) {
    }

    private final Device device;
    private final Problem problem;
    private final Tuning tuning;
    private final List<Candidate> open = new ArrayList<>();
    private final List<String> excluded = new ArrayList<>();

    Measurement(Device device, Problem problem, Tuning tuning) {
        this.device = device;
        this.problem = problem;
        this.tuning = tuning;
    }

    /** @param offers best guess first, the referee last */
    Choice choose(List<Offer> offers) {
        Offer last = offers.get(offers.size() - 1);
        List<Entrant> entrants = enter(offers);
        Candidate referee = entrants.stream().filter(entrant -> entrant.offer() == last).map(Entrant::candidate).findFirst()
                .orElseGet(() -> keep(last.make()));
        if (entrants.isEmpty()) {
            return unmeasured(referee, "nothing else is left");
        }
        List<Candidate> candidates = entrants.stream().map(Entrant::candidate).toList();
        long bytes = Trial.bytes(device, problem, candidates);
        if (bytes > MEMORY_SHARE * device.freeMemory()) {
            return unmeasured(candidates.get(0), "by rule: measuring takes " + bytes + " bytes, more than the device can spare");
        }
        try (Trial trial = new Trial(device, problem, referee, candidates, tuning.effort().rules())) {
            List<Candidate> right = entrants.stream().filter(entrant -> entrant.candidate() == referee || passes(trial, entrant))
                    .map(Entrant::candidate).toList();
            return right.isEmpty() ? unmeasured(referee, "nothing else is left") : decide(right, trial.race(right), referee);
        }
    }

    /** Makes what the effort asks for. */
    private List<Entrant> enter(List<Offer> offers) {
        List<Entrant> entrants = new ArrayList<>();
        for (Offer offer : offers) {
            if (tuning.effort() == Effort.FULL || offer.quick()) {
                make(offer).ifPresent(candidate -> entrants.add(new Entrant(offer, candidate)));
            }
        }
        return entrants;
    }

    private Optional<Candidate> make(Offer offer) {
        Candidate candidate;
        try {
            candidate = keep(offer.make());
        } catch (RuntimeException failure) {
            exclude(offer, failure);
            return Optional.empty();
        }
        if (candidate.workspaceBytes() > tuning.workspaceLimit()) {
            excluded.add(offer.name() + " needs " + candidate.workspaceBytes() + " bytes of workspace, and " + tuning.workspaceLimit() + " are allowed");
            return Optional.empty();
        }
        return Optional.of(candidate);
    }

    private Candidate keep(Candidate candidate) {
        open.add(candidate);
        return candidate;
    }

    private boolean passes(Trial trial, Entrant entrant) {
        Offer offer = entrant.offer();
        Optional<String> fault;
        try {
            fault = trial.fault(entrant.candidate(), Tolerance.of(problem, offer.ours() ? problem.outType() : problem.type()));
        } catch (RuntimeException failure) {
            exclude(offer, failure);
            return false;
        }
        fault.ifPresent(reason -> {
            excluded.add(offer.name() + ": " + reason);
            if (offer.ours()) {
                LOG.log(Level.ERROR, "{0} computes the {1} wrongly on {2} and is not used: {3}. This is a defect of Separable: please report it",
                        offer.name(), problem, device, reason);
            }
        });
        return fault.isEmpty();
    }

    /** Leaves out what fails, whoever wrote it and whatever it throws; but a device that is lost fails everything from here on. */
    private void exclude(Offer offer, RuntimeException failure) {
        try {
            device.synchronize();
        } catch (DeviceException lost) {
            failure.addSuppressed(lost);
            throw failure;
        }
        excluded.add(offer.name() + " failed: " + String.valueOf(failure.getMessage()).lines().findFirst().orElse(failure.getClass().getSimpleName()));
    }

    private Choice decide(List<Candidate> candidates, List<Timing> timings, Candidate referee) {
        List<Result> results = new ArrayList<>();
        for (int at = 0; at < candidates.size(); at++) {
            results.add(new Result(candidates.get(at), timings.get(at)));
        }
        Result rule = results.get(0);
        results.sort(Comparator.comparingDouble(result -> result.timing().median()));
        Result fastest = results.get(0);
        String reason = "measured, " + tuning.effort();
        if (fastest != rule && !isClearlyFaster(fastest.timing(), rule.timing())) {
            results.remove(rule);
            results.add(0, rule);
            reason += "; none is clearly faster than the rule's choice";
        }
        Candidate winner = results.get(0).candidate();
        if (winner == referee) {
            reason += "; it is the referee, held against nothing";
        }
        open.remove(winner);
        List<Score> scores = results.stream().map(result -> new Score(result.candidate().name(), result.timing().median())).toList();
        return new Choice(winner, new Decision(problem, winner.name(), Source.MEASURED, scores, reason, excluded));
    }

    private static boolean isClearlyFaster(Timing fast, Timing slow) {
        double doubt = fast.median() * fast.uncertainty() + slow.median() * slow.uncertainty();
        return slow.median() - fast.median() > Math.max(LEAST_GAIN * slow.median(), doubt);
    }

    private Choice unmeasured(Candidate candidate, String reason) {
        open.remove(candidate);
        return new Choice(candidate, Decision.byRule(problem, candidate.name(), reason, excluded));
    }

    @Override
    public void close() {
        Closing.all(open);
    }
}
