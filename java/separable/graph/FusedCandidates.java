package separable.graph;

import java.util.List;
import java.util.Optional;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.kernel.FusedDepthwiseBackward;
import separable.kernel.FusedDepthwiseForward;
import separable.kernel.FusedGradient;
import separable.kernel.FusedInput;
import separable.kernel.FusedPointwiseBackward;
import separable.kernel.FusedPointwiseForward;
import separable.kernel.FusedStemBackward;
import separable.kernel.FusedStemForward;
import separable.kernel.GradientFold;
import separable.spec.Activation;
import separable.spec.Products;

/** Kernels of the fused schedule's convolutions. */
final class FusedCandidates {

    private FusedCandidates() {}

    /** @param products of the pointwise convolutions' fp32 operands */
    static void register(Candidates candidates, Device device, Products products) {
        candidates.on(FusedOp.ConvNorm.class, op -> op.spec().isDepthwise() ? depthwise(device, op)
                : op.spec().isPointwise() ? pointwise(device, products, op).multiplying(products) : stem(device, op));
        candidates.on(FusedOp.DepthwiseBackward.class, op -> depthwise(device, op));
        candidates.on(FusedOp.PointwiseBackward.class, op -> pointwise(device, products, op).multiplying(products));
        candidates.on(FusedOp.StemBackward.class, op -> stem(device, op));
        candidates.on(FusedOp.GradientFold.class, op -> fold(device, op));
    }

    /** Where a fused input is; null for what its kind lacks. */
    private record Source(CUdeviceptr x, CUdeviceptr statistics, CUdeviceptr skip, CUdeviceptr skipStatistics, CUdeviceptr sum) {

        static Source of(FusedSource source, Addresses at) {
            if (source instanceof FusedSource.Norm norm) {
                return new Source(at.of(norm.y()), at.of(norm.statistics()), null, null, null);
            }
            if (source instanceof FusedSource.Sum sum) {
                Source branch = of(sum.branch(), at);
                Source skip = of(sum.skip(), at);
                return new Source(branch.x, branch.statistics, skip.x, skip.statistics, at.of(sum.sum()));
            }
            return new Source(at.of(source.like()), null, null, null, null);
        }
    }

    static FusedInput kind(FusedSource source) {
        if (source instanceof FusedSource.Sum sum) {
            return sum.skip() instanceof FusedSource.Norm ? FusedInput.SUM_NORM : FusedInput.SUM_RAW;
        }
        return source instanceof FusedSource.Norm ? FusedInput.NORM : FusedInput.RAW;
    }

    private static Activation activation(FusedSource source) {
        return source instanceof FusedSource.Norm norm ? norm.norm().activation() : Activation.NONE;
    }

    private static Candidate pointwise(Device device, Products products, FusedOp.ConvNorm op) {
        var kernel = new FusedPointwiseForward(device, op.spec(), op.y().type(), products, kind(op.source()), activation(op.source()), op.norm());
        return forward(op, kernel, kernel.workspaceBytes(), kernel.tickets(), (in, to, workspace, tickets, stream) -> kernel.enqueue(in.x, in.statistics,
                in.skip, in.skipStatistics, in.sum, to.w, to.gamma, to.beta, to.y, to.statistics, to.running, workspace, tickets, stream));
    }

    private static Candidate depthwise(Device device, FusedOp.ConvNorm op) {
        var kernel = new FusedDepthwiseForward(device, op.spec(), op.y().type(), kind(op.source()), activation(op.source()), op.norm());
        return forward(op, kernel, kernel.workspaceBytes(), kernel.tickets(), (in, to, workspace, tickets, stream) -> kernel.enqueue(in.x, in.statistics,
                to.w, to.gamma, to.beta, to.y, to.statistics, to.running, workspace, tickets, stream));
    }

    private static Candidate stem(Device device, FusedOp.ConvNorm op) {
        var kernel = new FusedStemForward(device, op.spec(), op.y().type(), op.norm());
        return forward(op, kernel, kernel.workspaceBytes(), kernel.tickets(), (in, to, workspace, tickets, stream) -> kernel.enqueue(in.x, to.w, to.gamma,
                to.beta, to.y, to.statistics, to.running, workspace, tickets, stream));
    }

    /** What every fused convolution reads and writes besides its input. */
    private record Normed(CUdeviceptr w, CUdeviceptr gamma, CUdeviceptr beta, CUdeviceptr y, CUdeviceptr statistics, CUdeviceptr running) {
    }

    private interface Forward {
        void enqueue(Source in, Normed to, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream);
    }

    private static Candidate forward(FusedOp.ConvNorm op, Object kernel, long workspace, int tickets, Forward call) {
        return Candidate.folding(kernel, workspace, tickets, at -> {
            Source in = Source.of(op.source(), at);
            Normed to = new Normed(at.of(op.w()), at.of(op.gamma()), at.of(op.beta()), at.of(op.y()), at.of(op.statistics()), at.of(op.running()));
            return stream -> call.enqueue(in, to, at.workspace(), at.tickets(), stream);
        });
    }

    static FusedGradient gradient(FusedOp.Gradient gradient) {
        return gradient instanceof FusedOp.Pooled pooled ? FusedGradient.pooled(pooled.norm().activation()) : FusedGradient.STORED;
    }

    static FusedPointwiseBackward.Input input(FusedOp.PointwiseBackward op) {
        return op.stored().isPresent() ? FusedPointwiseBackward.Input.STORED : FusedPointwiseBackward.Input.NORM;
    }

    static FusedPointwiseBackward kernel(Device device, Products products, FusedOp.PointwiseBackward op) {
        return new FusedPointwiseBackward(device, op.spec(), op.g().type(), products, gradient(op.dy()), input(op), op.skip().isPresent(), op.source().norm(),
                op.form().form());
    }

    private static Candidate pointwise(Device device, Products products, FusedOp.PointwiseBackward op) {
        FusedPointwiseBackward kernel = kernel(device, products, op);
        return new Candidate("FusedPointwiseBackward " + op.form(), kernel.workspaceBytes(), kernel.tickets(), Optional.empty(), at -> {
            var g = at.of(op.dy().reads().get(0));
            var y = at.of(op.dy().y());
            var statistics = at.of(op.dy().statistics());
            var sums = at.of(op.dy().sums());
            var x = op.stored().map(at::of).orElse(null);
            var skip = op.skip().map(at::of).orElse(null);
            var before = at.of(op.source().y());
            var statisticsBefore = at.of(op.source().statistics());
            var w = at.of(op.w());
            var gBefore = at.of(op.g());
            var dgamma = at.of(op.gradient().dgamma());
            var dbeta = at.of(op.gradient().dbeta());
            var sumsBefore = at.of(op.gradient().sums());
            var dw = at.of(op.dw());
            return stream -> kernel.enqueue(g, y, statistics, sums, x, before, statisticsBefore, skip, w, gBefore, dgamma, dbeta, sumsBefore, dw,
                    at.workspace(), at.tickets(), stream);
        });
    }

    private static Candidate depthwise(Device device, FusedOp.DepthwiseBackward op) {
        var kernel = new FusedDepthwiseBackward(device, op.spec(), op.g().type(), FusedInput.NORM, op.source().norm(), FusedDepthwiseBackward.Form.BOTH);
        return Candidate.folding(kernel, kernel.workspaceBytes(), kernel.tickets(), at -> {
            var g = at.of(op.dy().g());
            var y = at.of(op.dy().y());
            var statistics = at.of(op.dy().statistics());
            var sums = at.of(op.dy().sums());
            var before = at.of(op.source().y());
            var statisticsBefore = at.of(op.source().statistics());
            var w = at.of(op.w());
            var gBefore = at.of(op.g());
            var dgamma = at.of(op.gradient().dgamma());
            var dbeta = at.of(op.gradient().dbeta());
            var sumsBefore = at.of(op.gradient().sums());
            var dw = at.of(op.dw());
            return stream -> kernel.enqueue(g, y, statistics, sums, before, statisticsBefore, w, gBefore, dgamma, dbeta, sumsBefore, dw,
                    at.workspace(), at.tickets(), stream);
        });
    }

    private static Candidate stem(Device device, FusedOp.StemBackward op) {
        var kernel = new FusedStemBackward(device, op.spec(), op.x().type());
        return Candidate.folding(kernel, kernel.workspaceBytes(), kernel.tickets(), at -> {
            var g = at.of(op.dy().g());
            var y = at.of(op.dy().y());
            var statistics = at.of(op.dy().statistics());
            var sums = at.of(op.dy().sums());
            var x = at.of(op.x());
            var dw = at.of(op.dw());
            return stream -> kernel.enqueue(g, y, statistics, sums, x, dw, at.workspace(), at.tickets(), stream);
        });
    }

    /** Its kernel reads the addresses from a table, so it is made for them. */
    private static Candidate fold(Device device, FusedOp.GradientFold op) {
        return new Candidate("GradientFold", 0, 0, Optional.empty(), at -> {
            List<GradientFold.Part> parts = op.layers().stream().map(layer -> new GradientFold.Part(at.of(layer.partials()), layer.partials().shape().n(),
                    layer.partials().shape().elements() / layer.partials().shape().n(), at.of(layer.dw()))).toList();
            GradientFold kernel = new GradientFold(device, parts);
            return new Enqueue() {
                @Override
                public void on(CUstream stream) {
                    kernel.enqueue(stream);
                }

                @Override
                public void close() {
                    kernel.close();
                }
            };
        });
    }
}
