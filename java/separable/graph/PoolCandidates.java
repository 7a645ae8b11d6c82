package separable.graph;

import separable.device.Device;
import separable.kernel.AveragePool;
import separable.kernel.GlobalAveragePool;
import separable.kernel.MaxPool;

/** Kernels of pools. */
final class PoolCandidates {

    private PoolCandidates() {}

    static void register(Candidates candidates, Device device) {
        candidates.on(Op.MaxPoolForward.class, op -> max(device, op));
        candidates.on(Op.MaxPoolBackward.class, op -> max(device, op));
        candidates.on(Op.AveragePoolForward.class, op -> average(device, op));
        candidates.on(Op.AveragePoolBackward.class, op -> average(device, op));
        candidates.on(Op.GlobalAveragePoolForward.class, op -> global(device, op));
        candidates.on(Op.GlobalAveragePoolBackward.class, op -> global(device, op));
    }

    private static Candidate max(Device device, Op.MaxPoolForward op) {
        MaxPool kernel = new MaxPool(device, op.spec(), op.x().type());
        return Candidate.plain(kernel, at -> {
            var x = at.of(op.x());
            var y = at.of(op.y());
            return stream -> kernel.forward(x, y, stream);
        });
    }

    private static Candidate max(Device device, Op.MaxPoolBackward op) {
        MaxPool kernel = new MaxPool(device, op.spec(), op.x().type());
        return Candidate.plain(kernel, at -> {
            var x = at.of(op.x());
            var y = at.of(op.y());
            var dy = at.of(op.dy());
            var dx = at.of(op.dx());
            return stream -> kernel.backward(x, y, dy, dx, stream);
        });
    }

    private static Candidate average(Device device, Op.AveragePoolForward op) {
        AveragePool kernel = new AveragePool(device, op.spec(), op.x().type(), op.countPadding());
        return Candidate.plain(kernel, at -> {
            var x = at.of(op.x());
            var y = at.of(op.y());
            return stream -> kernel.forward(x, y, stream);
        });
    }

    private static Candidate average(Device device, Op.AveragePoolBackward op) {
        AveragePool kernel = new AveragePool(device, op.spec(), op.dx().type(), op.countPadding());
        return Candidate.plain(kernel, at -> {
            var dy = at.of(op.dy());
            var dx = at.of(op.dx());
            return stream -> kernel.backward(dy, dx, stream);
        });
    }

    private static Candidate global(Device device, Op.GlobalAveragePoolForward op) {
        GlobalAveragePool kernel = new GlobalAveragePool(device, op.x().shape(), op.x().type());
        return Candidate.plain(kernel, at -> {
            var x = at.of(op.x());
            var y = at.of(op.y());
            return stream -> kernel.forward(x, y, stream);
        });
    }

    private static Candidate global(Device device, Op.GlobalAveragePoolBackward op) {
        GlobalAveragePool kernel = new GlobalAveragePool(device, op.dx().shape(), op.dx().type());
        return Candidate.plain(kernel, at -> {
            var dy = at.of(op.dy());
            var dx = at.of(op.dx());
            return stream -> kernel.backward(dy, dx, stream);
        });
    }
}
