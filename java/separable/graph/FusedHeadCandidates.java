package separable.graph;

import separable.device.Device;
import separable.kernel.FusedDense;
import separable.kernel.FusedDenseBackward;
import separable.kernel.FusedPool;
import separable.kernel.FusedPoolReduce;
import separable.spec.Products;

/** Kernels of the fused schedule's head: pool, dense layer and their gradients. */
final class FusedHeadCandidates {

    private FusedHeadCandidates() {}

    /** @param products of the dense layers' fp32 operands */
    static void register(Candidates candidates, Device device, Products products) {
        candidates.on(FusedOp.Pool.class, op -> pool(device, op));
        candidates.on(FusedOp.Dense.class, op -> dense(device, products, op).multiplying(products));
        candidates.on(FusedOp.DenseBackward.class, op -> denseBackward(device, products, op).multiplying(products));
        candidates.on(FusedOp.PoolReduce.class, op -> poolReduce(device, op));
    }

    private static Candidate pool(Device device, FusedOp.Pool op) {
        FusedPool kernel = new FusedPool(device, op.source().y().shape(), op.y().type(), op.source().norm().activation(), op.rate(), op.salt());
        return Candidate.plain(kernel, at -> {
            var raw = at.of(op.source().y());
            var statistics = at.of(op.source().statistics());
            var y = at.of(op.y());
            return stream -> kernel.enqueue(raw, statistics, at.state(), y, stream);
        });
    }

    private static Candidate dense(Device device, Products products, FusedOp.Dense op) {
        FusedDense kernel = new FusedDense(device, op.spec(), op.y().type(), products, true);
        return Candidate.plain(kernel, at -> {
            var x = at.of(op.x());
            var w = at.of(op.w());
            var bias = at.of(op.bias());
            var y = at.of(op.y());
            return stream -> kernel.enqueue(x, w, bias, y, stream);
        });
    }

    static FusedDenseBackward kernel(Device device, Products products, FusedOp.DenseBackward op) {
        return new FusedDenseBackward(device, op.spec(), op.dx().type(), products, true, op.rate(), op.salt());
    }

    private static Candidate denseBackward(Device device, Products products, FusedOp.DenseBackward op) {
        FusedDenseBackward kernel = kernel(device, products, op);
        return Candidate.folding(kernel, kernel.workspaceBytes(), kernel.tickets(), at -> {
            var dy = at.of(op.dy());
            var w = at.of(op.w());
            var x = at.of(op.x());
            var dx = at.of(op.dx());
            var dw = at.of(op.dw());
            var dbias = at.of(op.dbias());
            return stream -> kernel.enqueue(dy, w, x, at.state(), dx, dw, dbias, at.workspace(), at.tickets(), stream);
        });
    }

    private static Candidate poolReduce(Device device, FusedOp.PoolReduce op) {
        FusedPoolReduce kernel = new FusedPoolReduce(device, op.source().y().shape(), op.dp().type(), op.source().norm());
        return Candidate.folding(kernel, kernel.workspaceBytes(), kernel.tickets(), at -> {
            var dp = at.of(op.dp());
            var y = at.of(op.source().y());
            var statistics = at.of(op.source().statistics());
            var dgamma = at.of(op.gradient().dgamma());
            var dbeta = at.of(op.gradient().dbeta());
            var sums = at.of(op.gradient().sums());
            return stream -> kernel.enqueue(dp, y, statistics, dgamma, dbeta, sums, at.workspace(), at.tickets(), stream);
        });
    }
}
