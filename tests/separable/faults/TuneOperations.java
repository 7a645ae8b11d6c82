package separable.faults;

import java.util.ArrayList;
import java.util.List;
import jcuda.driver.CUdeviceptr;
import separable.device.DeviceBuffer;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Shape;
import separable.tune.Candidate;
import separable.tune.Choice;
import separable.tune.Convolution;
import separable.tune.ConvolutionCandidates;
import separable.tune.Effort;
import separable.tune.Problem;
import separable.tune.Stopwatch;
import separable.tune.Trial;
import separable.tune.Tuner;
import separable.tune.Tuning;
import separable.tune.Workbench;

/** Candidates, choosing among them by rule and by measurement, and the convolution that chooses for itself. */
final class TuneOperations {

    private static final ConvSpec SPEC = ConvSpec.depthwise(new Shape(1, 4, 4, 8), 3, 1, 1, Padding.symmetric(1));
    private static final Problem PROBLEM = new Problem(SPEC, DType.F32, Layout.PADDED_NHWC, Pass.FORWARD);
    private static final int COUNT = 128;

    /** Large enough for few sets of operands, each of which takes calls to fill; and quickly computed. */
    private static final Problem MEASURED = new Problem(ConvSpec.depthwise(new Shape(1, 64, 64, 64), 3, 2, 1, Padding.symmetric(1)), DType.F32,
            Layout.PADDED_NHWC, Pass.FORWARD);

    /** One sample each. */
    private static final Stopwatch.Rules ONCE = new Stopwatch.Rules(1, 1, 1, 1, 2);

    /** How many calls of a measurement fail: it makes hundreds, and how many is for the clock to say. */
    private static final int TURNS = 5;

    private interface Call {
        void enqueue(Convolution convolution, CUdeviceptr a, CUdeviceptr b, CUdeviceptr out, CUdeviceptr workspace, Workplace place);
    }

    private TuneOperations() {
    }

    static List<Operation> all() {
        List<Operation> all = new ArrayList<>();
        all.add(new Operation("ConvolutionCandidates.of", place -> () -> {
            List<Candidate> candidates = ConvolutionCandidates.of(place.device, PROBLEM, Tuning.WORKSPACE_LIMIT);
            candidates.forEach(place::keep);
            return () -> candidates.stream().map(candidate -> candidate.name() + computes(place, candidate)).toList();
        }));
        choosing(all);
        all.addAll(convolution(SPEC, Layout.NHWC, ""));
        measuring(all);
        return all;
    }

    /** What the candidate computes: ways to compute a pass differ in their last digits. */
    private static boolean computes(Workplace place, Candidate candidate) {
        DeviceBuffer x = place.floats(COUNT);
        DeviceBuffer w = place.floats(9 * 8);
        DeviceBuffer y = place.floats(COUNT);
        float[] before = y.readFloats(0, COUNT);
        candidate.enqueue(x.pointer(), w.pointer(), y.pointer(), place.zeros(candidate.workspaceBytes()),
                place.zeros((long) candidate.tickets() * Integer.BYTES), place.stream.handle());
        float[] after = y.readFloats(0, COUNT);
        // The first output by hand: the four taps inside the picture, channel 0.
        float[] xs = x.readFloats(0, COUNT);
        float[] ws = w.readFloats(0, 9 * 8);
        float first = xs[0] * ws[4 * 8] + xs[8] * ws[5 * 8] + xs[4 * 8] * ws[7 * 8] + xs[5 * 8] * ws[8 * 8];
        return Math.abs(after[0] - first) < 1e-5f && before[0] != after[0];
    }

    private static void choosing(List<Operation> all) {
        all.add(new Operation("new Tuner", place -> () -> place.keep(new Tuner(place.device, Tuning.off())).getClass()::getSimpleName));
        all.add(new Operation("Tuner.choose by rule", place -> {
            Tuner tuner = place.keep(new Tuner(place.device, Tuning.off()));
            return () -> {
                Choice choice = place.keep(tuner.choose(PROBLEM));
                return () -> choice.candidate().name() + computes(place, choice.candidate());
            };
        }));
        // A candidate whose calls fail is left out, and another wins.
        all.add(Operation.forgiving("Tuner.choose by measurement", place -> {
            Tuner tuner = place.keep(new Tuner(place.device, Tuning.of(Effort.QUICK).withoutCache()));
            return () -> {
                Choice choice = place.keep(tuner.choose(MEASURED));
                return () -> choice.candidate().workspaceBytes();
            };
        }).within(TURNS));
        all.add(OpWalk.closing("Tuner.close", place -> new Tuner(place.device, Tuning.off())));
        all.add(OpWalk.closing("Choice.close", place -> place.keep(new Tuner(place.device, Tuning.off())).choose(PROBLEM)));
    }

    /** Making one for {@code spec}, its passes, closing it; {@code word} ends every name. */
    static List<Operation> convolution(ConvSpec spec, Layout layout, String word) {
        List<Operation> all = new ArrayList<>();
        // Asked whether it works, cuDNN may say no: then the generic kernel is taken.
        all.add(Operation.forgiving("new Convolution" + word, place -> () -> {
            Convolution made = place.keep(new Convolution(place.device, spec, DType.F32, layout));
            return made::filterElements;
        }));
        all.add(Operation.forgiving("new Convolution on the current context" + word, place -> () -> {
            Convolution made = place.keep(new Convolution(spec, DType.F32, layout));
            return made::filterElements;
        }));
        all.add(OpWalk.closing("Convolution" + word + ".close", place -> new Convolution(spec, DType.F32, layout)));
        pass(all, "forward" + word, Pass.FORWARD, spec, layout, (op, a, b, out, workspace, place) -> op.forward(a, b, out, workspace, place.stream.handle()));
        pass(all, "backwardData" + word, Pass.BACKWARD_DATA, spec, layout,
                (op, a, b, out, workspace, place) -> op.backwardData(a, b, out, workspace, place.stream.handle()));
        pass(all, "backwardFilter" + word, Pass.BACKWARD_FILTER, spec, layout,
                (op, a, b, out, workspace, place) -> op.backwardFilter(a, b, out, workspace, place.stream.handle()));
        return all;
    }

    private static void pass(List<Operation> all, String method, Pass pass, ConvSpec spec, Layout layout, Call call) {
        all.add(new Operation("Convolution." + method, place -> {
            Convolution convolution = place.keep(new Convolution(place.device, spec, DType.F32, layout));
            CUdeviceptr workspace = place.zeros(convolution.workspaceBytes(pass));
            CUdeviceptr a = place.floats(COUNT).pointer();
            CUdeviceptr b = place.floats(COUNT).pointer();
            DeviceBuffer out = place.floats(COUNT);
            return () -> {
                call.enqueue(convolution, a, b, out.pointer(), workspace, place);
                return () -> out.readFloats(0, 8 * 8);
            };
        }));
    }

    private static void measuring(List<Operation> all) {
        all.add(new Operation("new Stopwatch", place -> () -> place.keep(new Stopwatch(place.device, ONCE)).stream()::toString));
        all.add(new Operation("Stopwatch.race", place -> {
            Stopwatch watch = place.keep(new Stopwatch(place.device, ONCE));
            DeviceBuffer work = place.keep(place.device.allocate(1 << 20, "work"));
            return () -> {
                int timings = watch.race(List.of((set, stream) -> work.zero(stream)), 1).size();
                return () -> timings;
            };
        }).within(2 * TURNS));
        all.add(OpWalk.closing("Stopwatch.close", place -> new Stopwatch(place.device, ONCE)));
        all.add(new Operation("new Workbench", place -> () -> place.keep(workbench(place))::sets).within(2 * TURNS));
        all.add(new Operation("Workbench.enqueue", place -> {
            Workbench bench = place.keep(workbench(place));
            Candidate candidate = candidates(place).get(0);
            return () -> {
                bench.enqueue(candidate, 0, place.stream);
                return place.device::name;
            };
        }));
        all.add(OpWalk.closing("Workbench.close", TuneOperations::workbench));
        all.add(new Operation("new Trial", place -> {
            List<Candidate> candidates = candidates(place);
            return () -> place.keep(trial(place, candidates)).getClass()::getSimpleName;
        }).within(TURNS));
        all.add(new Operation("Trial.race", place -> {
            List<Candidate> candidates = candidates(place);
            Trial trial = place.keep(trial(place, candidates));
            return () -> {
                int timings = trial.race(candidates).size();
                return () -> timings;
            };
        }).within(TURNS));
        all.add(OpWalk.closing("Trial.close", place -> trial(place, candidates(place))));
    }

    private static Workbench workbench(Workplace place) {
        return new Workbench(place.device, MEASURED, 0, 0);
    }

    private static Trial trial(Workplace place, List<Candidate> candidates) {
        return new Trial(place.device, MEASURED, candidates.get(candidates.size() - 1), candidates, ONCE);
    }

    private static List<Candidate> candidates(Workplace place) {
        List<Candidate> candidates = ConvolutionCandidates.of(place.device, MEASURED, Tuning.WORKSPACE_LIMIT);
        candidates.forEach(place::keep);
        return List.of(candidates.get(0), candidates.get(candidates.size() - 1));
    }
}
