package separable.cli;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import separable.train.TrainingRun;
import separable.tune.Decision;
import separable.tune.Decision.Source;
import separable.tune.Problem;

/** What tuning chose for a run, in one line; the run's folder has the rest. */
final class TuningSummary {

    private final Map<Problem, Decision> decisions = new HashMap<>();
    private boolean unsaid;

    /** Training and evaluation share problems: each counts once, as it was first told. */
    void add(Decision decision) {
        decisions.putIfAbsent(decision.problem(), decision);
        unsaid = true;
    }

    int count() {
        return decisions.size();
    }

    /** Whether something was added since this was last asked. */
    boolean takeUnsaid() {
        boolean was = unsaid;
        unsaid = false;
        return was;
    }

    /** {@code tuned 27 convolution passes, 20 measured and 7 remembered: 3 Conv, 12 DepthwiseConv, 12 PointwiseConv; ...} */
    @Override
    public String toString() {
        Map<String, Long> kernels = decisions.values().stream()
                .collect(Collectors.groupingBy(decision -> decision.winner().split(" ")[0], TreeMap::new, Collectors.counting()));
        return "tuned " + decisions.size() + " convolution passes, " + from(Source.MEASURED) + " measured and " + from(Source.REMEMBERED)
                + " remembered: " + kernels.entrySet().stream().map(kernel -> kernel.getValue() + " " + kernel.getKey()).collect(Collectors.joining(", "))
                + "; winners and runners-up with their times: " + TrainingRun.PLAN_FILE + " among the results";
    }

    private long from(Source source) {
        return decisions.values().stream().filter(decision -> decision.source() == source).count();
    }
}
