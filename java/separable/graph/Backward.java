package separable.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import separable.spec.Activation;
import separable.spec.DType;

/**
 * The reverse pass: turns a forward graph with a loss into a training graph, forward ops first, then a gradient op for
 * each of them from last to first.
 *
 * <p>A tensor that several ops read gets the sum of their contributions, in the order in which the reverse pass meets them.
 * Where an op's input gradient equals its output gradient (bias, residual addition) no op is emitted: both are one
 * tensor. Nothing is computed for tensors that no parameter precedes, such as the input picture, nor for frozen parameters.
 */
public final class Backward {

    private final Set<Tensor> wanted = new HashSet<>();
    private final Map<Tensor, Tensor> gradients = new HashMap<>();
    private final Set<String> parametersDone = new HashSet<>();
    private final List<Op> ops = new ArrayList<>();
    private int ids;

    private Backward() {}

    /** @throws IllegalArgumentException when {@code forward} has no loss, or already has gradient ops */
    public static Graph of(Graph forward) {
        if (forward.ops().stream().noneMatch(Op.SoftmaxEvaluate.class::isInstance)) {
            throw new IllegalArgumentException(forward.name() + ": the graph has no loss to differentiate; use trainingGraph");
        }
        Backward pass = new Backward();
        pass.ids = forward.nextId();
        for (Op op : forward.ops()) {
            pass.forward(op);
        }
        for (int at = forward.ops().size() - 1; at >= 0; at--) {
            pass.reverse(forward.ops().get(at));
        }
        return forward.withOps(pass.ops);
    }

    private void forward(Op op) {
        if (op.reads().stream().anyMatch(tensor -> tensor.role() == Role.PARAMETER || wanted.contains(tensor))) {
            wanted.addAll(op.writes());
        }
        if (op instanceof Op.SoftmaxEvaluate loss) {
            Tensor gradient = gradientLike(loss.logits());
            gradients.put(loss.logits(), gradient);
            ops.add(new Op.SoftmaxCrossEntropy(loss.name(), loss.smoothing(), loss.mixed(), loss.logits(), loss.labels(), gradient));
        } else {
            ops.add(op);
        }
    }

    private void reverse(Op op) {
        if (op instanceof Op.ConvForward each) {
            convolution(each);
        } else if (op instanceof Op.BiasForward each) {
            bias(each);
        } else if (op instanceof Op.BatchNormForward each) {
            batchNorm(each);
        } else if (op instanceof Op.AddForward each) {
            add(each);
        } else if (op instanceof Op.ActivationForward each) {
            through(each.x(), each.y(), (dy, dx) -> new Op.ActivationBackward(each.name(), each.activation(), each.y(), dy, dx));
        } else if (op instanceof Op.MaxPoolForward each) {
            through(each.x(), each.y(), (dy, dx) -> new Op.MaxPoolBackward(each.name(), each.spec(), each.x(), each.y(), dy, dx));
        } else if (op instanceof Op.AveragePoolForward each) {
            through(each.x(), each.y(), (dy, dx) -> new Op.AveragePoolBackward(each.name(), each.spec(), each.countPadding(), dy, dx));
        } else if (op instanceof Op.GlobalAveragePoolForward each) {
            through(each.x(), each.y(), (dy, dx) -> new Op.GlobalAveragePoolBackward(each.name(), dy, dx));
        } else if (op instanceof Op.DropoutForward each) {
            through(each.x(), each.y(), (dy, dx) -> new Op.DropoutBackward(each.name(), each.rate(), each.salt(), dy, dx));
        } else if (!(op instanceof Op.BatchNormStatistics || op instanceof Op.SoftmaxEvaluate)) {
            throw new IllegalArgumentException(op.name() + ": " + op.getClass().getSimpleName() + " is not an op of a forward pass");
        }
    }

    private interface GradientOp {
        Op of(Tensor dy, Tensor dx);
    }

    /** An op with one input and no parameter. */
    private void through(Tensor x, Tensor y, GradientOp gradientOp) {
        Tensor dy = gradients.get(y);
        if (dy != null && wanted.contains(x)) {
            Tensor dx = gradientLike(x);
            ops.add(gradientOp.of(dy, dx));
            contribute(x, dx);
        }
    }

    private void convolution(Op.ConvForward op) {
        Tensor dy = gradients.get(op.y());
        if (dy == null) {
            return;
        }
        if (trains(op.w())) {
            ops.add(new Op.ConvBackwardFilter(op.name(), op.spec(), op.x(), dy, gradientOf(op.w())));
        }
        through(op.x(), op.y(), (same, dx) -> new Op.ConvBackwardData(op.name(), op.spec(), same, op.w(), dx));
    }

    private void bias(Op.BiasForward op) {
        Tensor dy = gradients.get(op.y());
        if (dy != null) {
            if (trains(op.bias())) {
                ops.add(new Op.BiasBackward(op.name(), dy, gradientOf(op.bias())));
            }
            contribute(op.x(), dy);
        }
    }

    private void batchNorm(Op.BatchNormForward op) {
        Tensor dy = gradients.get(op.y());
        if (dy == null) {
            return;
        }
        if (!trains(op.gamma())) {
            frozenBatchNorm(op, dy);
            return;
        }
        if (op.statistics().role() != Role.STATISTICS) {
            throw new IllegalArgumentException(op.name() + ": normalises with running statistics, which do not train; use trainingGraph");
        }
        Tensor g = op.norm().activation() == Activation.NONE ? dy : gradientLike(op.y());
        Tensor dgamma = gradientOf(op.gamma());
        Tensor dbeta = gradientOf(op.beta());
        ops.add(new Op.BatchNormBackwardReduce(op.name(), op.norm(), op.x(), dy, op.statistics(), op.gamma(), op.beta(), g, dgamma, dbeta));
        if (wanted.contains(op.x())) {
            Tensor dx = gradientLike(op.x());
            ops.add(new Op.BatchNormBackwardData(op.name(), op.norm(), op.x(), g, op.statistics(), op.gamma(), dgamma, dbeta, dx));
            contribute(op.x(), dx);
        }
    }

    /** An affine map of every channel: dx = scale * g, which is a batch's formula where dgamma and dbeta are 0; those of frozen ones are. */
    private void frozenBatchNorm(Op.BatchNormForward op, Tensor dy) {
        if (!wanted.contains(op.x())) {
            return;
        }
        Tensor g = dy;
        if (op.norm().activation() != Activation.NONE) {
            g = gradientLike(op.y());
            ops.add(new Op.ActivationBackward(op.name(), op.norm().activation(), op.y(), dy, g));
        }
        Tensor dx = gradientLike(op.x());
        ops.add(new Op.BatchNormBackwardData(op.name(), op.norm(), op.x(), g, op.statistics(), op.gamma(), gradientOf(op.gamma()),
                gradientOf(op.beta()), dx));
        contribute(op.x(), dx);
    }

    private void add(Op.AddForward op) {
        Tensor dy = gradients.get(op.y());
        if (dy != null) {
            contribute(op.a(), dy);
            contribute(op.b(), dy);
        }
    }

    private void contribute(Tensor x, Tensor dx) {
        if (!wanted.contains(x)) {
            return;
        }
        Tensor sofar = gradients.get(x);
        if (sofar == null) {
            gradients.put(x, dx);
            return;
        }
        Tensor sum = gradientLike(x);
        ops.add(new Op.AddForward(x.name(), sofar, dx, sum));
        gradients.put(x, sum);
    }

    private Tensor gradientLike(Tensor x) {
        return new Tensor(ids++, "grad " + x.name(), x.shape(), x.type(), Role.GRADIENT);
    }

    private static boolean trains(Tensor parameter) {
        return parameter.role() == Role.PARAMETER;
    }

    /** Gradients of parameters are fp32 and written with {@code =}, so a parameter can be used once. */
    private Tensor gradientOf(Tensor parameter) {
        if (!parametersDone.add(parameter.name())) {
            throw new IllegalArgumentException("parameter '" + parameter.name() + "' is used twice; its gradient can be written once only");
        }
        return new Tensor(ids++, parameter.name(), parameter.shape(), DType.F32, Role.PARAMETER_GRADIENT);
    }
}
