package separable.graph;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.kernel.Conv;
import separable.kernel.ConvKernel;
import separable.kernel.DepthwiseFolds;
import separable.kernel.FusedStemBackward;
import separable.kernel.PointwiseConv;
import separable.kernel.TiledBackwardReduce;
import separable.kernel.TiledStatistics;
import separable.spec.DType;
import separable.spec.Products;

/**
 * Kernels for the plain schedule's sums that add in the order of the fused one's: of each plain op, what the fused launch that makes the
 * same tensor would do. The two schedules then agree to the bit.
 */
final class FoldingAlike {

    private final Device device;
    private final Products products;
    /** The fused launch that makes a tensor, or the addends of it. */
    private final Map<Tensor, Op> makers = new HashMap<>();

    /** @param fused the same step in the fused schedule */
    FoldingAlike(Device device, Products products, Graph fused) {
        this.device = device;
        this.products = products;
        Map<Tensor, Tensor> whole = new HashMap<>();
        for (Op op : fused.ops()) {
            if (op instanceof FusedOp.GradientFold fold) {
                fold.layers().forEach(layer -> whole.put(layer.partials(), layer.dw()));
            }
        }
        for (Op op : fused.ops()) {
            if (!(op instanceof FusedOp.GradientFold)) {
                op.writes().forEach(tensor -> makers.put(whole.getOrDefault(tensor, tensor), op));
            }
        }
    }

    /** A kernel for a plain op's sum; empty where the fused schedule leaves the op as it is, or it sums nothing. */
    Optional<Candidate> of(Op op) {
        if (op instanceof Op.BatchNormStatistics each && makers.get(each.x()) instanceof FusedOp.ConvNorm fused) {
            return Optional.of(statistics(each, fused));
        }
        if (op instanceof Op.BatchNormBackwardReduce each) {
            return reduce(each, makers.get(each.dgamma()));
        }
        if (op instanceof Op.ConvBackwardFilter each) {
            return filter(each, makers.get(each.dw()));
        }
        return Optional.empty();
    }

    private Candidate statistics(Op.BatchNormStatistics op, FusedOp.ConvNorm fused) {
        if (fused.spec().isDepthwise()) {
            DepthwiseFolds kernel = new DepthwiseFolds(device, fused.spec(), op.x().type(), op.norm());
            return statistics(op, kernel, kernel.workspaceBytes(), kernel.tickets(), kernel::statistics);
        }
        TiledStatistics kernel = new TiledStatistics(device, fused.spec(), op.x().type(), products, FusedCandidates.kind(fused.source()), op.norm());
        return statistics(op, kernel, kernel.workspaceBytes(), kernel.tickets(), kernel::statistics);
    }

    private interface Statistics {
        void enqueue(CUdeviceptr x, CUdeviceptr statistics, CUdeviceptr running, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream);
    }

    private static Candidate statistics(Op.BatchNormStatistics op, Object kernel, long workspace, int tickets, Statistics call) {
        return Candidate.folding(kernel, workspace, tickets, at -> {
            var x = at.of(op.x());
            var statistics = at.of(op.statistics());
            var running = at.of(op.running());
            return stream -> call.enqueue(x, statistics, running, at.workspace(), at.tickets(), stream);
        });
    }

    private Optional<Candidate> reduce(Op.BatchNormBackwardReduce op, Op fused) {
        if (fused instanceof FusedOp.PointwiseBackward each) {
            TiledBackwardReduce kernel = new TiledBackwardReduce(device, each.spec(), op.x().type(), products,
                    FusedCandidates.gradient(each.dy()), FusedCandidates.input(each), op.norm(), each.form().form());
            return Optional.of(reduce(op, kernel, kernel.workspaceBytes(), kernel.tickets(), kernel::backwardReduce));
        }
        if (fused instanceof FusedOp.DepthwiseBackward each) {
            DepthwiseFolds kernel = new DepthwiseFolds(device, each.spec(), op.x().type(), op.norm());
            return Optional.of(reduce(op, kernel, kernel.workspaceBytes(), kernel.tickets(), kernel::backwardReduce));
        }
        return Optional.empty();
    }

    private interface Reduce {
        void enqueue(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr statistics, CUdeviceptr gamma, CUdeviceptr beta, CUdeviceptr g, CUdeviceptr dgamma,
                     CUdeviceptr dbeta, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream);
    }

    private static Candidate reduce(Op.BatchNormBackwardReduce op, Object kernel, long workspace, int tickets, Reduce call) {
        return Candidate.folding(kernel, workspace, tickets, at -> {
            var x = at.of(op.x());
            var dy = at.of(op.dy());
            var statistics = at.of(op.statistics());
            var gamma = at.of(op.gamma());
            var beta = at.of(op.beta());
            var g = at.of(op.g());
            var dgamma = at.of(op.dgamma());
            var dbeta = at.of(op.dbeta());
            return stream -> call.enqueue(x, dy, statistics, gamma, beta, g, dgamma, dbeta, at.workspace(), at.tickets(), stream);
        });
    }

    private Optional<Candidate> filter(Op.ConvBackwardFilter op, Op fused) {
        DType type = op.x().type();
        if (fused instanceof FusedOp.PointwiseBackward each) {
            return Optional.of(filter(op, new PointwiseConv(device, op.spec(), type, FusedCandidates.kernel(device, products, each).filterVariant())));
        }
        if (fused instanceof FusedOp.StemBackward) {
            return Optional.of(filter(op, new Conv(device, op.spec(), type, new FusedStemBackward(device, op.spec(), type).filterVariant())));
        }
        if (fused instanceof FusedOp.DenseBackward each) {
            return Optional.of(filter(op, new PointwiseConv(device, op.spec(), type, FusedHeadCandidates.kernel(device, products, each).filterVariant())));
        }
        if (fused instanceof FusedOp.DepthwiseBackward each) {
            DepthwiseFolds kernel = new DepthwiseFolds(device, op.spec(), type, each.source().norm());
            return Optional.of(filter(op, kernel, kernel.workspaceBytes(), kernel.tickets(), kernel::backwardFilter));
        }
        return Optional.empty();
    }

    private static Candidate filter(Op.ConvBackwardFilter op, ConvKernel kernel) {
        return filter(op, kernel, kernel.workspaceBytes(), kernel.tickets(), kernel::backwardFilter);
    }

    private interface Filter {
        void enqueue(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream);
    }

    private static Candidate filter(Op.ConvBackwardFilter op, Object kernel, long workspace, int tickets, Filter call) {
        return Candidate.folding(kernel, workspace, tickets, at -> {
            var x = at.of(op.x());
            var dy = at.of(op.dy());
            var dw = at.of(op.dw());
            return stream -> call.enqueue(x, dy, dw, at.workspace(), at.tickets(), stream);
        });
    }
}
