package separable.graph;

import separable.spec.ConvSpec;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.spec.Precision;
import separable.spec.Products;
import separable.tune.Choice;
import separable.tune.Problem;
import separable.tune.Tuner;

/** Kernels of convolutions and dense layers, as a tuner chooses them. */
final class ConvolutionCandidates {

    private ConvolutionCandidates() {}

    /** @param products of fp32 operands, where there are kernels for it */
    static void register(Candidates candidates, Tuner tuner, Products products) {
        candidates.on(Op.ConvForward.class, op -> candidate(tuner, op.spec(), Precision.of(op.x().type(), products), Pass.FORWARD, op.x(), op.w(), op.y()));
        candidates.on(Op.ConvBackwardData.class, op -> candidate(tuner, op.spec(), Precision.of(op.dy().type(), products), Pass.BACKWARD_DATA, op.dy(), op.w(), op.dx()));
        candidates.on(Op.ConvBackwardFilter.class, op -> candidate(tuner, op.spec(), Precision.of(op.x().type(), products), Pass.BACKWARD_FILTER, op.x(), op.dy(), op.dw()));
    }

    private static Candidate candidate(Tuner tuner, ConvSpec spec, Precision precision, Pass pass, Tensor a, Tensor b, Tensor out) {
        Choice choice = tuner.choose(new Problem(spec, precision, Layout.PADDED_NHWC, pass));
        separable.tune.Candidate kernel = choice.candidate();
        return Candidate.chosen(choice, at -> {
            var first = at.of(a);
            var second = at.of(b);
            var result = at.of(out);
            return stream -> kernel.enqueue(first, second, result, at.workspace(), at.tickets(), stream);
        });
    }
}
