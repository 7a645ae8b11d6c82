package separable.graph;

import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.tune.Choice;
import separable.tune.Problem;
import separable.tune.Tuner;

/** Kernels of convolutions and dense layers, as a tuner chooses them. */
final class ConvolutionCandidates {

    private ConvolutionCandidates() {}

    static void register(Candidates candidates, Tuner tuner) {
        candidates.on(Op.ConvForward.class, op -> candidate(tuner, op.spec(), op.x().type(), Pass.FORWARD, op.x(), op.w(), op.y()));
        candidates.on(Op.ConvBackwardData.class, op -> candidate(tuner, op.spec(), op.dy().type(), Pass.BACKWARD_DATA, op.dy(), op.w(), op.dx()));
        candidates.on(Op.ConvBackwardFilter.class, op -> candidate(tuner, op.spec(), op.x().type(), Pass.BACKWARD_FILTER, op.x(), op.dy(), op.dw()));
    }

    private static Candidate candidate(Tuner tuner, ConvSpec spec, DType type, Pass pass, Tensor a, Tensor b, Tensor out) {
        Choice choice = tuner.choose(new Problem(spec, type, Layout.PADDED_NHWC, pass));
        separable.tune.Candidate kernel = choice.candidate();
        return Candidate.chosen(choice, at -> {
            var first = at.of(a);
            var second = at.of(b);
            var result = at.of(out);
            return stream -> kernel.enqueue(first, second, result, at.workspace(), at.tickets(), stream);
        });
    }
}
