package separable.graph;

import separable.device.Device;
import separable.kernel.InferenceConv;

/** Kernels of convolutions that take with them what follows them in inference. */
final class FoldedCandidates {

    private FoldedCandidates() {}

    static void register(Candidates candidates, Device device) {
        candidates.on(FoldedConv.class, op -> candidate(device, op));
    }

    private static Candidate candidate(Device device, FoldedConv op) {
        InferenceConv kernel = new InferenceConv(device, op.spec(), op.x().type(), op.activation(), op.skip().isPresent());
        return Candidate.plain(kernel, at -> {
            var x = at.of(op.x());
            var w = at.of(op.w());
            var bias = at.of(op.bias());
            var skip = op.skip().map(at::of).orElse(null);
            var y = at.of(op.y());
            return stream -> kernel.run(x, w, bias, skip, y, stream);
        });
    }
}
