package separable.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import separable.cudnn.Cudnn;
import separable.cudnn.CudnnHandle;
import separable.device.Device;
import separable.spec.Precision;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.train.Defaults;
import separable.tune.Problem;
import separable.tune.Stopwatch;

/**
 * Measures kernels shape by shape: ours as they run untuned, the best of our variants, and the best of cuDNN's algorithms that give
 * the same bits every time, all in turn.
 * What is measured is kept, so that a run that is stopped or fails leaves a {@link #report} of the shapes before.
 */
public final class KernelBench {

    /**
     * What to measure.
     *
     * @param layout    of all operands
     * @param withCudnn whether cuDNN takes part where there is one
     * @param check     whether every contender is held against the generic kernel first
     * @param rules     for one shape in one pass and precision
     */
    public record Request(List<BenchShape> shapes, List<Precision> precisions, List<Pass> passes, Layout layout, boolean withCudnn,
                          boolean check, Stopwatch.Rules rules) {

        public Request {
            shapes = List.copyOf(shapes);
            precisions = List.copyOf(precisions);
            passes = List.copyOf(passes);
            Objects.requireNonNull(layout, "layout");
            Objects.requireNonNull(rules, "rules");
        }

        /** Rows of a whole report, if every kernel of ours is right. */
        public int rows() {
            return shapes.size() * precisions.size() * passes.size();
        }
    }

    /** Is told before each row how many are done and which comes next. */
    public interface Listener {
        void next(int done, String label);
    }

    private final Device device;
    private final Request request;
    private final RunInfo info;
    private final Optional<String> noCudnn;
    private final Map<Precision, Ceiling> ceilings = new EnumMap<>(Precision.class);
    private final List<KernelRow> rows = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();
    private boolean whole;

    public KernelBench(Device device, Request request, RunInfo info, Cudnn cudnn) {
        this.device = Objects.requireNonNull(device, "device");
        this.request = Objects.requireNonNull(request, "request");
        this.info = Objects.requireNonNull(info, "info");
        this.noCudnn = absence(device, cudnn, request.withCudnn());
    }

    /**
     * Measures everything, one precision after the other, the ceilings of each first.
     *
     * @param stop asked before each row
     * @return whether everything was measured: false when {@code stop} said so
     * @throws separable.device.DeviceException when a launch fails or memory is lacking
     */
    public boolean run(Listener listener, BooleanSupplier stop) {
        CeilingProbe probe = new CeilingProbe(device, Defaults.isSmall(device.multiprocessors()), request.rules());
        double copy = probe.copyBytesPerSecond();
        for (Precision precision : request.precisions()) {
            if (stop.getAsBoolean()) {
                return false;
            }
            ceilings.put(precision, new Ceiling(copy, probe.flopsPerSecond(precision, request.withCudnn())));
            if (!measure(precision, listener, stop)) {
                return false;
            }
        }
        whole = true;
        return true;
    }

    private boolean measure(Precision precision, Listener listener, BooleanSupplier stop) {
        for (BenchShape shape : request.shapes()) {
            for (Pass pass : request.passes()) {
                if (stop.getAsBoolean()) {
                    return false;
                }
                listener.next(rows.size(), shape.name() + " " + pass + " " + precision);
                measure(shape, new Problem(shape.spec(), precision, request.layout(), pass)).ifPresent(rows::add);
            }
        }
        return true;
    }

    /** @return empty when no kernel of ours is right */
    private Optional<KernelRow> measure(BenchShape shape, Problem problem) {
        try (Contest contest = new Contest(device, problem, request.withCudnn(), request.rules())) {
            if (request.check()) {
                refused.addAll(contest.check());
            }
            List<Timed> timed = contest.race();
            List<Timed> ours = timed.stream().filter(each -> !Contest.isCudnn(each.contender())).toList();
            Optional<Timed> theirs = timed.stream().filter(each -> Contest.isCudnn(each.contender())).min(Comparator.comparingDouble(Timed::median));
            return ours.stream().min(Comparator.comparingDouble(Timed::median)).map(best -> new KernelRow(shape, problem, ours.get(0), best,
                    theirs, theirs.isPresent() ? "" : noCudnn.orElse("no algorithm of cuDNN's for the " + problem)));
        }
    }

    /** Why cuDNN can take no part at all; empty when it can. */
    private static Optional<String> absence(Device device, Cudnn cudnn, boolean asked) {
        if (!asked) {
            return Optional.of("not asked for");
        }
        return cudnn.isAvailable() ? CudnnHandle.refusal(cudnn, device) : Optional.of("no cuDNN 9 on this machine");
    }

    /** What was measured so far. */
    public KernelReport report() {
        return new KernelReport(info, whole, ceilings, rows, refused);
    }
}
