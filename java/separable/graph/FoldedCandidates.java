package separable.graph;

import separable.device.Device;
import separable.kernel.InferenceConv;
import separable.spec.Products;

/** Kernels of convolutions that take with them what follows them in inference. */
final class FoldedCandidates {

    private FoldedCandidates() {}

    /** @param products of fp32 operands, where there are kernels for it */
    static void register(Candidates candidates, Device device, Products products) {
        Products there = products.on(device.computeCapability());
        candidates.on(FoldedConv.class, op -> candidate(device, op, there));
    }

    private static Candidate candidate(Device device, FoldedConv op, Products products) {
        InferenceConv kernel = new InferenceConv(device, op.spec(), op.x().type(), op.activation(), op.skip().isPresent(), products);
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
