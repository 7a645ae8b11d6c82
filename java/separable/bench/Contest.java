package separable.bench;

import java.util.ArrayList;
import java.util.List;
import separable.device.Closing;
import separable.device.Device;
import separable.tune.Candidate;
import separable.tune.ConvolutionCandidates;
import separable.tune.Problem;
import separable.tune.Stopwatch;
import separable.tune.Timing;
import separable.tune.Workbench;

/** The candidates of one problem that are worth timing, over operands of their own. */
final class Contest implements AutoCloseable {

    private static final long WORKSPACE_LIMIT = 1L << 30;

    private static final String CUDNN = "cuDNN";
    /** The last resort and the referee; it takes part only where nothing else can. */
    private static final String GENERIC = "GenericConv";

    private final List<AutoCloseable> owned = new ArrayList<>();
    private final List<Candidate> field;
    private final Workbench workbench;

    Contest(Device device, Problem problem, boolean withCudnn) {
        List<Candidate> all = ConvolutionCandidates.of(device, problem, WORKSPACE_LIMIT);
        owned.addAll(all);
        field = field(all, withCudnn);
        try {
            workbench = new Workbench(device, problem, field.stream().mapToLong(Candidate::workspaceBytes).max().orElseThrow(),
                    field.stream().mapToInt(Candidate::tickets).max().orElseThrow());
            owned.add(workbench);
        } catch (RuntimeException e) {
            closeAfter(e);
            throw e;
        }
    }

    private static List<Candidate> field(List<Candidate> all, boolean withCudnn) {
        List<Candidate> field = new ArrayList<>(all);
        field.removeIf(candidate -> isCudnn(candidate.name()) && !withCudnn);
        boolean special = field.stream().anyMatch(candidate -> !isCudnn(candidate.name()) && !candidate.name().startsWith(GENERIC));
        field.removeIf(candidate -> candidate.name().startsWith(GENERIC) && special);
        return field;
    }

    private void closeAfter(RuntimeException failure) {
        try {
            close();
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    static boolean isCudnn(String contender) {
        return contender.startsWith(CUDNN);
    }

    /** Times everything in the field, ours first, in the order of the candidates. */
    List<Timed> race(Stopwatch stopwatch) {
        List<Timing> timings = stopwatch.race(field.stream().map(workbench::contender).toList(), workbench.sets());
        List<Timed> timed = new ArrayList<>();
        for (int i = 0; i < field.size(); i++) {
            timed.add(new Timed(field.get(i).name(), timings.get(i)));
        }
        return timed;
    }

    @Override
    public void close() {
        Closing.all(owned);
    }
}
