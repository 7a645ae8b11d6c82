package separable.faults;

import java.util.List;
import separable.device.DeviceBuffer;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Padding;
import separable.spec.Pass;
import separable.spec.Shape;
import separable.tune.Candidate;
import separable.tune.Choice;
import separable.tune.ConvolutionCandidates;
import separable.tune.Problem;
import separable.tune.Tuner;
import separable.tune.Tuning;

/** Candidates, and choosing among them by rule; a measurement makes too many calls to walk through. */
final class TuneOperations {

    private static final Problem PROBLEM = new Problem(ConvSpec.depthwise(new Shape(1, 4, 4, 8), 3, 1, 1, Padding.symmetric(1)), DType.F32,
            Layout.PADDED_NHWC, Pass.FORWARD);
    private static final int COUNT = 128;

    private TuneOperations() {
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

    static List<Operation> all() {
        return List.of(
                new Operation("ConvolutionCandidates.of", place -> () -> {
                    List<Candidate> candidates = ConvolutionCandidates.of(place.device, PROBLEM, Tuning.WORKSPACE_LIMIT);
                    candidates.forEach(place::keep);
                    return () -> candidates.stream().map(candidate -> candidate.name() + computes(place, candidate)).toList();
                }),
                new Operation("Tuner by rule", place -> () -> {
                    Tuner tuner = place.keep(new Tuner(place.device, Tuning.off()));
                    Choice choice = place.keep(tuner.choose(PROBLEM));
                    return () -> choice.candidate().name() + computes(place, choice.candidate());
                }));
    }
}
