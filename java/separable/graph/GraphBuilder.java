package separable.graph;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.NormSpec;
import separable.spec.PoolSpec;
import separable.spec.Shape;

/** Collects the ops and the state of a network while its layers lower themselves, in order of execution. */
public final class GraphBuilder {

    /** Training uses batch statistics and dropout; inference the running statistics and none. */
    public enum Mode { TRAINING, INFERENCE }

    private final String name;
    private final Mode mode;
    private final DType type;
    private final Predicate<String> frozen;
    private final List<Op> ops = new ArrayList<>();
    private final List<StateEntry> state = new ArrayList<>();
    private final Set<String> stateNames = new HashSet<>();
    private final Tensor input;
    private Tensor labels;
    private int ids;
    private int salts;

    public GraphBuilder(String name, Mode mode, DType type, Shape input) {
        this(name, mode, type, input, layer -> false);
    }

    /**
     * @param frozen tells by their names the layers whose parameters stay as they are. In training their batch normalisations are
     *               what they are in inference: they normalise with the running statistics, and leave them
     */
    public GraphBuilder(String name, Mode mode, DType type, Shape input, Predicate<String> frozen) {
        this.frozen = Objects.requireNonNull(frozen, "frozen");
        this.name = Objects.requireNonNull(name, "name");
        this.mode = Objects.requireNonNull(mode, "mode");
        this.type = Objects.requireNonNull(type, "type");
        this.input = tensor("input", input, type, Role.INPUT);
    }

    public Tensor input() {
        return input;
    }

    /** {@code filter} has the activations' precision when kernels read it. */
    public Tensor convolution(String layer, ConvSpec spec, Tensor x, Parameter filter, Shape output) {
        Tensor w = parameter(layer, filter, type);
        Tensor y = activation(layer, output);
        ops.add(new Op.ConvForward(layer, spec, x, w, y));
        return y;
    }

    public Tensor bias(String layer, Tensor x, Parameter bias) {
        Tensor y = activation(layer + ".bias", x.shape());
        ops.add(new Op.BiasForward(layer, x, parameter(layer, bias, DType.F32), y));
        return y;
    }

    public Tensor batchNorm(String layer, NormSpec norm, Tensor x, Parameter gamma, Parameter beta, RunningStatistics running) {
        Tensor scale = parameter(layer, gamma, DType.F32);
        Tensor shift = parameter(layer, beta, DType.F32);
        declare(running);
        Tensor statistics = tensor(running.name(), running.storage(), DType.F32, Role.RUNNING);
        if (mode == Mode.TRAINING && !frozen.test(layer)) {
            Tensor batch = tensor(layer + ".statistics", running.storage(), DType.F32, Role.STATISTICS);
            ops.add(new Op.BatchNormStatistics(layer, norm, x, statistics, batch));
            statistics = batch;
        }
        Tensor y = activation(layer, x.shape());
        ops.add(new Op.BatchNormForward(layer, norm, x, statistics, scale, shift, y));
        return y;
    }

    public Tensor activation(String layer, Activation activation, Tensor x) {
        Tensor y = activation(layer, x.shape());
        ops.add(new Op.ActivationForward(layer, activation, x, y));
        return y;
    }

    public Tensor add(String layer, Tensor a, Tensor b) {
        Tensor y = activation(layer, a.shape());
        ops.add(new Op.AddForward(layer, a, b, y));
        return y;
    }

    public Tensor maxPool(String layer, PoolSpec spec, Tensor x) {
        Tensor y = activation(layer, spec.output());
        ops.add(new Op.MaxPoolForward(layer, spec, x, y));
        return y;
    }

    public Tensor averagePool(String layer, PoolSpec spec, boolean countPadding, Tensor x) {
        Tensor y = activation(layer, spec.output());
        ops.add(new Op.AveragePoolForward(layer, spec, countPadding, x, y));
        return y;
    }

    public Tensor globalAveragePool(String layer, Tensor x) {
        Tensor y = activation(layer, Shape.matrix(x.shape().n(), x.shape().c()));
        ops.add(new Op.GlobalAveragePoolForward(layer, x, y));
        return y;
    }

    /** Nothing in inference. Every dropout of a graph draws its own mask. */
    public Tensor dropout(String layer, float rate, Tensor x) {
        int salt = salts++;
        if (mode == Mode.INFERENCE || rate == 0) {
            return x;
        }
        Tensor y = activation(layer, x.shape());
        ops.add(new Op.DropoutForward(layer, rate, salt, x, y));
        return y;
    }

    /** Adds the loss of {@code logits}, which creates the labels: one int a row, or of mixed rows three planes of them. */
    public void softmaxCrossEntropy(String layer, float smoothing, boolean mixed, Tensor logits) {
        if (labels != null) {
            throw new IllegalStateException(name + ": a second loss, '" + layer + "'; a graph has one");
        }
        labels = tensor("labels", Shape.matrix(logits.shape().n() * (mixed ? 3 : 1), 1), DType.F32, Role.LABELS);
        ops.add(new Op.SoftmaxEvaluate(layer, smoothing, mixed, logits, labels));
    }

    public Graph build(Tensor logits) {
        return new Graph(name, type, ops, state, input, Optional.ofNullable(labels), logits);
    }

    private Tensor activation(String layer, Shape shape) {
        return tensor(layer, shape, type, Role.ACTIVATION);
    }

    private Tensor parameter(String layer, Parameter parameter, DType readAs) {
        declare(parameter);
        return tensor(parameter.name(), parameter.storage(), readAs, frozen.test(layer) ? Role.FROZEN_PARAMETER : Role.PARAMETER);
    }

    private void declare(StateEntry entry) {
        if (!stateNames.add(entry.getClass().getSimpleName() + entry.name())) {
            throw new IllegalArgumentException(name + ": two layers declare '" + entry.name() + "'; give every layer its own name");
        }
        state.add(entry);
    }

    private Tensor tensor(String tensorName, Shape shape, DType storedAs, Role role) {
        return new Tensor(ids++, tensorName, shape, storedAs, role);
    }
}
