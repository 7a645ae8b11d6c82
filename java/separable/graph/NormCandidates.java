package separable.graph;

import separable.device.Device;
import separable.kernel.BatchNorm;
import separable.spec.DType;
import separable.spec.NormSpec;
import separable.spec.Shape;

/** Kernels of batch normalisation. */
final class NormCandidates {

    private NormCandidates() {}

    static void register(Candidates candidates, Device device) {
        candidates.on(Op.BatchNormStatistics.class, op -> statistics(device, op));
        candidates.on(Op.BatchNormForward.class, op -> forward(device, op));
        candidates.on(Op.BatchNormBackwardReduce.class, op -> backwardReduce(device, op));
        candidates.on(Op.BatchNormBackwardData.class, op -> backwardData(device, op));
    }

    private static BatchNorm kernel(Device device, Tensor x, NormSpec norm) {
        Shape shape = x.shape();
        DType type = x.type();
        return new BatchNorm(device, shape, type, norm.activation(), norm.epsilon(), norm.momentum());
    }

    private static Candidate statistics(Device device, Op.BatchNormStatistics op) {
        BatchNorm kernel = kernel(device, op.x(), op.norm());
        return Candidate.folding(kernel, kernel.workspaceBytes(), kernel.tickets(), at -> {
            var x = at.of(op.x());
            var statistics = at.of(op.statistics());
            var running = at.of(op.running());
            return stream -> kernel.statistics(x, statistics, running, at.workspace(), at.tickets(), stream);
        });
    }

    private static Candidate forward(Device device, Op.BatchNormForward op) {
        BatchNorm kernel = kernel(device, op.x(), op.norm());
        return Candidate.plain(kernel, at -> {
            var x = at.of(op.x());
            var statistics = at.of(op.statistics());
            var gamma = at.of(op.gamma());
            var beta = at.of(op.beta());
            var y = at.of(op.y());
            return stream -> kernel.forward(x, statistics, gamma, beta, y, stream);
        });
    }

    private static Candidate backwardReduce(Device device, Op.BatchNormBackwardReduce op) {
        BatchNorm kernel = kernel(device, op.x(), op.norm());
        return Candidate.folding(kernel, kernel.workspaceBytes(), kernel.tickets(), at -> {
            var x = at.of(op.x());
            var dy = at.of(op.dy());
            var statistics = at.of(op.statistics());
            var gamma = at.of(op.gamma());
            var beta = at.of(op.beta());
            var g = at.of(op.g());
            var dgamma = at.of(op.dgamma());
            var dbeta = at.of(op.dbeta());
            return stream -> kernel.backwardReduce(x, dy, statistics, gamma, beta, g, dgamma, dbeta, at.workspace(), at.tickets(), stream);
        });
    }

    private static Candidate backwardData(Device device, Op.BatchNormBackwardData op) {
        BatchNorm kernel = kernel(device, op.x(), op.norm());
        return Candidate.plain(kernel, at -> {
            var x = at.of(op.x());
            var g = at.of(op.g());
            var statistics = at.of(op.statistics());
            var gamma = at.of(op.gamma());
            var dgamma = at.of(op.dgamma());
            var dbeta = at.of(op.dbeta());
            var dx = at.of(op.dx());
            return stream -> kernel.backwardData(x, g, statistics, gamma, dgamma, dbeta, dx, stream);
        });
    }
}
