package separable.exchange;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import separable.graph.Graph;
import separable.graph.Op;
import separable.graph.Parameter;
import separable.graph.StateEntry;
import separable.graph.StateValue;
import separable.graph.Tensor;
import separable.spec.Activation;
import separable.spec.ConvSpec;
import separable.spec.NormSpec;
import separable.spec.Padding;
import separable.spec.PoolSpec;
import separable.spec.Shape;

/**
 * Turns the ops of an inference graph into ONNX nodes. There pictures have their channels first; a dense layer's saved
 * weights are in that order already.
 */
final class OnnxLowering {

    private final Graph graph;
    private final Map<String, StateValue> state;
    private final OnnxOptions options;
    private final OnnxGraph onnx;
    private final Map<String, Parameter> parameters = new HashMap<>();
    /** How many ops read a tensor, by its id. */
    private final Map<Integer, Integer> readers = new HashMap<>();
    /** The ONNX value of a tensor, by its id. */
    private final Map<Integer, String> values = new HashMap<>();

    /** @param state every entry of the graph, in the shapes of files */
    OnnxLowering(Graph graph, Map<String, StateValue> state, OnnxOptions options) {
        this.graph = graph;
        this.state = state;
        this.options = options;
        this.onnx = new OnnxGraph(graph.name());
        for (StateEntry entry : graph.state()) {
            if (entry instanceof Parameter parameter) {
                parameters.put(parameter.name(), parameter);
            }
        }
        graph.ops().forEach(op -> op.reads().forEach(tensor -> readers.merge(tensor.id(), 1, Integer::sum)));
    }

    GraphProto lower() {
        values.put(graph.input().id(), input());
        List<Op> ops = graph.ops();
        for (int at = 0; at < ops.size(); at++) {
            if (ops.get(at) instanceof Op.ConvForward convolution) {
                at += convolution(convolution, ops.subList(at + 1, ops.size()));
            } else {
                lower(ops.get(at));
            }
        }
        onnx.output(OnnxOptions.OUTPUT, graph.logits().shape().c());
        return onnx.build();
    }

    /** What the graph is fed with, as the first layer takes it: {@code [n, c, h, w]}. */
    private String input() {
        Shape shape = graph.input().shape();
        if (options.preprocessing().isEmpty()) {
            return onnx.input(OnnxOptions.INPUT, DataType.FLOAT, "pictures, channels first, normalised: (x / 255 - mean) / deviation, by channel",
                    shape.c(), shape.h(), shape.w());
        }
        OnnxOptions.Preprocessing given = options.preprocessing().get();
        if (given.mean().size() != shape.c()) {
            throw new IllegalArgumentException(graph.name() + ": " + given.mean().size() + " means for " + shape.c() + " channels");
        }
        String bytes = onnx.input(OnnxOptions.PICTURES, DataType.UINT8, "pictures of the network's size, channels last, 0 to 255",
                shape.h(), shape.w(), shape.c());
        String layer = "preprocessing";
        String floats = onnx.node("Cast", layer, List.of(bytes), Map.of("to", DataType.FLOAT.getNumber()));
        String scaled = onnx.node("Mul", layer, List.of(floats, onnx.constant(layer + ".scale", given.scale(), List.of(shape.c()))), Map.of());
        String shifted = onnx.node("Add", layer, List.of(scaled, onnx.constant(layer + ".shift", given.shift(), List.of(shape.c()))), Map.of());
        return onnx.node("Transpose", layer, List.of(shifted), Map.of("perm", new int[] {0, 3, 1, 2}));
    }

    /**
     * A convolution or dense layer with the bias that follows it, and where that is asked for with the normalisation after it.
     *
     * @return how many of the ops in {@code next} it took in
     */
    private int convolution(Op.ConvForward op, List<Op> next) {
        int taken = 0;
        Tensor result = op.y();
        Filter filter = Filter.of(parameters.get(op.w().name()), floats(op.w().name()));
        if (next.size() > taken && next.get(taken) instanceof Op.BiasForward bias && isOnlyReadBy(result, bias)) {
            filter = filter.plus(floats(bias.bias().name()));
            result = bias.y();
            taken++;
        }
        Op.BatchNormForward folded = null;
        if (options.foldNormalisation() && next.size() > taken && next.get(taken) instanceof Op.BatchNormForward norm && isOnlyReadBy(result, norm)) {
            filter = filter.normalised(normalisation(norm));
            result = norm.y();
            folded = norm;
            taken++;
        }
        String value = filter.isDense() ? dense(op, filter) : convolution(op, filter);
        values.put(result.id(), folded == null ? value : activation(folded.name(), folded.norm().activation(), value));
        return taken;
    }

    private boolean isOnlyReadBy(Tensor tensor, Op op) {
        return op.reads().contains(tensor) && readers.get(tensor.id()) == 1;
    }

    private String convolution(Op.ConvForward op, Filter filter) {
        ConvSpec spec = op.spec();
        return onnx.node("Conv", op.name(), operands(op, values.get(op.x().id()), filter), Map.of(
                "kernel_shape", new int[] {spec.kernelHeight(), spec.kernelWidth()},
                "strides", new int[] {spec.stride(), spec.stride()},
                "dilations", new int[] {spec.dilation(), spec.dilation()},
                "pads", pads(spec.padding()),
                "group", spec.groups()));
    }

    private String dense(Op.ConvForward op, Filter filter) {
        boolean isFlat = op.x().shape().h() == 1 && op.x().shape().w() == 1;
        String x = values.get(op.x().id());
        String flat = isFlat ? x : onnx.node("Flatten", op.name(), List.of(x), Map.of("axis", 1));
        return onnx.node("Gemm", op.name(), operands(op, flat, filter), Map.of("transB", 1));
    }

    private List<String> operands(Op.ConvForward op, String x, Filter filter) {
        List<String> operands = new ArrayList<>(List.of(x, onnx.constant(op.w().name(), filter.weights(), filter.shape())));
        if (filter.bias() != null) {
            operands.add(onnx.constant(op.name() + ".bias", filter.bias(), List.of(filter.bias().length)));
        }
        return operands;
    }

    private void lower(Op op) {
        if (op instanceof Op.BatchNormForward norm) {
            values.put(norm.y().id(), activation(norm.name(), norm.norm().activation(), batchNorm(norm)));
        } else if (op instanceof Op.ActivationForward rectifier) {
            values.put(rectifier.y().id(), activation(rectifier.name(), rectifier.activation(), values.get(rectifier.x().id())));
        } else if (op instanceof Op.AddForward add) {
            put(add.y(), "Add", add.name(), List.of(values.get(add.a().id()), values.get(add.b().id())), Map.of());
        } else if (op instanceof Op.MaxPoolForward pool) {
            put(pool.y(), "MaxPool", pool.name(), List.of(values.get(pool.x().id())), window(pool.spec()));
        } else if (op instanceof Op.AveragePoolForward pool) {
            Map<String, Object> attributes = window(pool.spec());
            attributes.put("count_include_pad", pool.countPadding() ? 1 : 0);
            put(pool.y(), "AveragePool", pool.name(), List.of(values.get(pool.x().id())), attributes);
        } else if (op instanceof Op.GlobalAveragePoolForward pool) {
            String mean = onnx.node("GlobalAveragePool", pool.name(), List.of(values.get(pool.x().id())), Map.of());
            put(pool.y(), "Flatten", pool.name(), List.of(mean), Map.of("axis", 1));
        } else {
            throw new IllegalArgumentException(graph.name() + ": " + op.getClass().getSimpleName() + " '" + op.name() + "' has no ONNX form here");
        }
    }

    private void put(Tensor y, String operator, String layer, List<String> inputs, Map<String, Object> attributes) {
        values.put(y.id(), onnx.node(operator, layer, inputs, attributes));
    }

    private String batchNorm(Op.BatchNormForward op) {
        Normalisation norm = normalisation(op);
        List<String> operands = new ArrayList<>(List.of(values.get(op.x().id())));
        List<Integer> channels = List.of(norm.gamma().length);
        operands.add(onnx.constant(op.gamma().name(), norm.gamma(), channels));
        operands.add(onnx.constant(op.beta().name(), norm.beta(), channels));
        operands.add(onnx.constant(op.statistics().name() + ".running_mean", norm.mean(), channels));
        operands.add(onnx.constant(op.statistics().name() + ".running_var", norm.variance(), channels));
        return onnx.node("BatchNormalization", op.name(), operands, Map.of("epsilon", norm.epsilon()));
    }

    private Normalisation normalisation(Op.BatchNormForward op) {
        NormSpec norm = op.norm();
        return new Normalisation(floats(op.gamma().name()), floats(op.beta().name()), floats(op.statistics().name() + ".running_mean"),
                floats(op.statistics().name() + ".running_var"), norm.epsilon());
    }

    private String activation(String layer, Activation activation, String x) {
        return switch (activation) {
            case NONE -> x;
            case RELU -> onnx.node("Relu", layer, List.of(x), Map.of());
            case RELU6 -> onnx.node("Clip", layer, List.of(x, onnx.scalar("zero", 0), onnx.scalar("six", 6)), Map.of());
        };
    }

    private static Map<String, Object> window(PoolSpec spec) {
        return new HashMap<>(Map.of("kernel_shape", new int[] {spec.kernel(), spec.kernel()}, "strides", new int[] {spec.stride(), spec.stride()},
                "pads", pads(spec.padding())));
    }

    /** ONNX's order: where each axis begins, then where each ends. */
    private static int[] pads(Padding padding) {
        return new int[] {padding.top(), padding.left(), padding.bottom(), padding.right()};
    }

    private float[] floats(String name) {
        return ((StateValue.Floats) state.get(name)).values();
    }
}
