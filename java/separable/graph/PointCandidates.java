package separable.graph;

import separable.device.Device;
import separable.kernel.Add;
import separable.kernel.Bias;
import separable.kernel.Dropout;
import separable.kernel.Relu;
import separable.kernel.SoftmaxCrossEntropy;

/** Kernels of ops without a window: bias, activation, addition, dropout, loss. */
final class PointCandidates {

    private PointCandidates() {}

    static void register(Candidates candidates, Device device) {
        candidates.on(Op.BiasForward.class, op -> bias(device, op));
        candidates.on(Op.BiasBackward.class, op -> bias(device, op));
        candidates.on(Op.ActivationForward.class, op -> activation(device, op));
        candidates.on(Op.ActivationBackward.class, op -> activation(device, op));
        candidates.on(Op.AddForward.class, op -> add(device, op));
        candidates.on(Op.DropoutForward.class, op -> dropout(device, op));
        candidates.on(Op.DropoutBackward.class, op -> dropout(device, op));
        candidates.on(Op.SoftmaxEvaluate.class, op -> loss(device, op));
        candidates.on(Op.SoftmaxCrossEntropy.class, op -> loss(device, op));
    }

    private static Candidate bias(Device device, Op.BiasForward op) {
        Bias kernel = new Bias(device, op.x().shape(), op.x().type());
        return Candidate.plain(kernel, at -> {
            var x = at.of(op.x());
            var bias = at.of(op.bias());
            var y = at.of(op.y());
            return stream -> kernel.forward(x, bias, y, stream);
        });
    }

    private static Candidate bias(Device device, Op.BiasBackward op) {
        Bias kernel = new Bias(device, op.dy().shape(), op.dy().type());
        return Candidate.folding(kernel, kernel.workspaceBytes(), kernel.tickets(), at -> {
            var dy = at.of(op.dy());
            var dbias = at.of(op.dbias());
            return stream -> kernel.backward(dy, dbias, at.workspace(), at.tickets(), stream);
        });
    }

    private static Candidate activation(Device device, Op.ActivationForward op) {
        Relu kernel = new Relu(device, op.x().shape(), op.x().type(), op.activation());
        return Candidate.plain(kernel, at -> {
            var x = at.of(op.x());
            var y = at.of(op.y());
            return stream -> kernel.forward(x, y, stream);
        });
    }

    private static Candidate activation(Device device, Op.ActivationBackward op) {
        Relu kernel = new Relu(device, op.y().shape(), op.y().type(), op.activation());
        return Candidate.plain(kernel, at -> {
            var y = at.of(op.y());
            var dy = at.of(op.dy());
            var dx = at.of(op.dx());
            return stream -> kernel.backward(y, dy, dx, stream);
        });
    }

    private static Candidate add(Device device, Op.AddForward op) {
        Add kernel = new Add(device, op.y().shape(), op.y().type());
        return Candidate.plain(kernel, at -> {
            var a = at.of(op.a());
            var b = at.of(op.b());
            var y = at.of(op.y());
            return stream -> kernel.forward(a, b, y, stream);
        });
    }

    private static Candidate dropout(Device device, Op.DropoutForward op) {
        Dropout kernel = new Dropout(device, op.x().shape(), op.x().type(), op.rate(), op.salt());
        return Candidate.plain(kernel, at -> {
            var x = at.of(op.x());
            var y = at.of(op.y());
            return stream -> kernel.forward(x, at.state(), y, stream);
        });
    }

    private static Candidate dropout(Device device, Op.DropoutBackward op) {
        Dropout kernel = new Dropout(device, op.dx().shape(), op.dx().type(), op.rate(), op.salt());
        return Candidate.plain(kernel, at -> {
            var dy = at.of(op.dy());
            var dx = at.of(op.dx());
            return stream -> kernel.backward(dy, at.state(), dx, stream);
        });
    }

    private static Candidate loss(Device device, Op.SoftmaxEvaluate op) {
        var kernel = new SoftmaxCrossEntropy(device, op.logits().shape(), op.logits().type(), op.smoothing(), op.mixed());
        return Candidate.folding(kernel, kernel.workspaceBytes(), kernel.tickets(), at -> {
            var logits = at.of(op.logits());
            var labels = at.of(op.labels());
            return stream -> kernel.evaluate(logits, labels, at.state(), at.metrics(), at.workspace(), at.tickets(), stream);
        });
    }

    private static Candidate loss(Device device, Op.SoftmaxCrossEntropy op) {
        var kernel = new SoftmaxCrossEntropy(device, op.logits().shape(), op.logits().type(), op.smoothing(), op.mixed());
        return Candidate.folding(kernel, kernel.workspaceBytes(), kernel.tickets(), at -> {
            var logits = at.of(op.logits());
            var labels = at.of(op.labels());
            var dlogits = at.of(op.dlogits());
            return stream -> kernel.run(logits, labels, at.state(), dlogits, at.metrics(), at.workspace(), at.tickets(), stream);
        });
    }
}
