package separable.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import separable.cudnn.CudnnException;
import separable.device.Closing;
import separable.device.Device;
import separable.tune.Candidate;
import separable.tune.ConvolutionCandidates;
import separable.tune.Problem;
import separable.tune.Stopwatch;
import separable.tune.Timing;
import separable.tune.Tolerance;
import separable.tune.Trial;
import separable.tune.Workbench;

/** The candidates of one problem that are worth timing. */
final class Contest implements AutoCloseable {

    private static final long WORKSPACE_LIMIT = 1L << 30;

    private static final String CUDNN = "cuDNN";
    /** The last resort and the referee; it takes part only where no other of ours can. */
    private static final String GENERIC = "GenericConv";

    private final Device device;
    private final Problem problem;
    private final Stopwatch.Rules rules;
    private final List<Candidate> all;
    private final List<Candidate> field;

    Contest(Device device, Problem problem, boolean withCudnn, Stopwatch.Rules rules) {
        this.device = device;
        this.problem = problem;
        this.rules = rules;
        all = ConvolutionCandidates.of(device, problem, WORKSPACE_LIMIT);
        field = new ArrayList<>(all);
        field.removeIf(candidate -> isCudnn(candidate.name()) && !withCudnn);
        if (field.stream().anyMatch(candidate -> !isCudnn(candidate.name()) && !isGeneric(candidate))) {
            field.removeIf(Contest::isGeneric);
        }
    }

    static boolean isCudnn(String contender) {
        return contender.startsWith(CUDNN);
    }

    private static boolean isGeneric(Candidate candidate) {
        return candidate.name().startsWith(GENERIC);
    }

    /**
     * Runs everything in the field once beside the generic kernel and takes out what is wrong.
     *
     * @return a line for each that was taken out
     */
    List<String> check() {
        Candidate referee = all.stream().filter(Contest::isGeneric).findFirst().orElseThrow();
        List<String> refused = new ArrayList<>();
        try (Trial trial = new Trial(device, problem, referee, field, rules)) {
            field.removeIf(candidate -> {
                Optional<String> fault = candidate == referee ? Optional.empty() : fault(trial, candidate);
                fault.ifPresent(reason -> refused.add(candidate.name() + ", " + problem + ": " + reason));
                return fault.isPresent();
            });
        }
        return refused;
    }

    private Optional<String> fault(Trial trial, Candidate candidate) {
        // cuDNN rounds a filter gradient to 16 bits before it becomes fp32.
        Tolerance tolerance = Tolerance.of(problem, isCudnn(candidate.name()) ? problem.type() : problem.outType());
        try {
            return trial.fault(candidate, tolerance);
        } catch (CudnnException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** Times everything in the field in turn, ours first, in the order of the candidates. */
    List<Timed> race() {
        if (field.isEmpty()) {
            return List.of();
        }
        try (Workbench workbench = new Workbench(device, problem, field.stream().mapToLong(Candidate::workspaceBytes).max().orElseThrow(),
                     field.stream().mapToInt(Candidate::tickets).max().orElseThrow());
             Stopwatch stopwatch = new Stopwatch(device, rules)) {
            List<Timing> timings = stopwatch.race(field.stream().map(workbench::contender).toList(), workbench.sets());
            List<Timed> timed = new ArrayList<>();
            for (int i = 0; i < field.size(); i++) {
                timed.add(new Timed(field.get(i).name(), timings.get(i)));
            }
            return timed;
        }
    }

    @Override
    public void close() {
        Closing.all(all);
    }
}
