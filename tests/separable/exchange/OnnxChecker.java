package separable.exchange;

import ai.onnx.proto.OnnxMl;
import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What the specification demands of a model beyond what a lenient runtime lets pass (onnx/docs/IR.md, Operators.md for opset 17). */
final class OnnxChecker {

    /** Inputs at least and at most, attributes that must be there, attributes that may be. */
    private record Operator(int least, int most, Map<String, AttributeType> required, Map<String, AttributeType> optional) {}

    private static final Map<String, AttributeType> WINDOW =
            Map.of("kernel_shape", AttributeType.INTS, "strides", AttributeType.INTS, "pads", AttributeType.INTS);
    private static final Map<String, Operator> OPERATORS = Map.ofEntries(
            Map.entry("Conv", new Operator(2, 3, WINDOW, Map.of("dilations", AttributeType.INTS, "group", AttributeType.INT))),
            Map.entry("Gemm", new Operator(2, 3, Map.of(), Map.of("transB", AttributeType.INT))),
            Map.entry("BatchNormalization", new Operator(5, 5, Map.of("epsilon", AttributeType.FLOAT), Map.of())),
            Map.entry("Relu", new Operator(1, 1, Map.of(), Map.of())),
            Map.entry("Clip", new Operator(1, 3, Map.of(), Map.of())),
            Map.entry("Add", new Operator(2, 2, Map.of(), Map.of())),
            Map.entry("Mul", new Operator(2, 2, Map.of(), Map.of())),
            Map.entry("MaxPool", new Operator(1, 1, WINDOW, Map.of())),
            Map.entry("AveragePool", new Operator(1, 1, WINDOW, Map.of("count_include_pad", AttributeType.INT))),
            Map.entry("GlobalAveragePool", new Operator(1, 1, Map.of(), Map.of())),
            Map.entry("Flatten", new Operator(1, 1, Map.of(), Map.of("axis", AttributeType.INT))),
            Map.entry("Cast", new Operator(1, 1, Map.of("to", AttributeType.INT), Map.of())),
            Map.entry("Transpose", new Operator(1, 1, Map.of(), Map.of("perm", AttributeType.INTS))));

    private final List<String> problems = new ArrayList<>();
    private final Set<String> defined = new HashSet<>();
    private final Set<String> used = new HashSet<>();

    private OnnxChecker() {
    }

    /** Everything that is wrong with {@code model}. */
    static List<String> problems(ModelProto model) {
        OnnxChecker checker = new OnnxChecker();
        checker.that(model.getIrVersion() == 8, "IR version " + model.getIrVersion());
        checker.that(model.getOpsetImportList().equals(List.of(OnnxMl.OperatorSetIdProto.newBuilder().setVersion(17).build())), "opsets " + model.getOpsetImportList());
        checker.graph(model.getGraph());
        return checker.problems;
    }

    private void graph(GraphProto graph) {
        that(!graph.getName().isBlank(), "a graph without a name");
        graph.getInputList().forEach(this::value);
        graph.getInitializerList().forEach(this::initializer);
        Set<String> nodes = new HashSet<>();
        for (NodeProto node : graph.getNodeList()) {
            that(nodes.add(node.getName()), "two nodes named " + node.getName());
            node(node);
        }
        for (ValueInfoProto output : graph.getOutputList()) {
            that(defined.contains(output.getName()), "output " + output.getName() + " is computed nowhere");
            that(output.getType().getTensorType().getShape().getDim(0).getDimParam().equals("batch"), "the result's batch is fixed");
            used.add(output.getName());
        }
        that(graph.getInputCount() == 1 && graph.getOutputCount() == 1, "inputs and outputs");
        defined.stream().filter(name -> !used.contains(name)).forEach(name -> problems.add(name + " is used nowhere"));
    }

    private void value(ValueInfoProto input) {
        define(input.getName());
        var shape = input.getType().getTensorType().getShape();
        that(shape.getDimCount() == 4 && shape.getDim(0).getDimParam().equals("batch"), "input " + input.getName() + " has no free batch");
        that(shape.getDimList().stream().skip(1).allMatch(dim -> dim.getDimValue() > 0), "input " + input.getName() + " without extents");
    }

    private void initializer(TensorProto tensor) {
        define(tensor.getName());
        long elements = tensor.getDimsList().stream().reduce(1L, Math::multiplyExact);
        that(elements > 0 && tensor.getDataType() == TensorProto.DataType.FLOAT.getNumber() && tensor.getRawData().size() == 4 * elements,
                tensor.getName() + " " + tensor.getDimsList() + " of " + tensor.getRawData().size() + " bytes");
    }

    private void node(NodeProto node) {
        Operator operator = OPERATORS.get(node.getOpType());
        if (operator == null) {
            problems.add("operator " + node.getOpType());
            return;
        }
        int inputs = node.getInputCount();
        that(inputs >= operator.least && inputs <= operator.most, node.getName() + " has " + inputs + " inputs");
        for (String input : node.getInputList()) {
            that(defined.contains(input), node.getName() + " reads " + input + ", which nothing before it gives");
            used.add(input);
        }
        Set<String> attributes = new HashSet<>();
        for (AttributeProto attribute : node.getAttributeList()) {
            AttributeType type = operator.required.getOrDefault(attribute.getName(), operator.optional.get(attribute.getName()));
            that(attributes.add(attribute.getName()) && attribute.getType() == type, node.getName() + " has the attribute " + attribute.getName());
        }
        that(attributes.containsAll(operator.required.keySet()), node.getName() + " lacks one of " + operator.required.keySet());
        that(node.getOutputCount() == 1, node.getName() + " has " + node.getOutputCount() + " outputs");
        define(node.getOutput(0));
    }

    private void define(String name) {
        that(!name.isBlank() && defined.add(name), "'" + name + "' is defined twice");
    }

    private void that(boolean holds, String problem) {
        if (!holds) {
            problems.add(problem);
        }
    }
}
