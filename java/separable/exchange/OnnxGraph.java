package separable.exchange;

import ai.onnx.proto.OnnxMl;
import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Collects the nodes of an ONNX graph in order of execution. Nodes, what they give and constants share one set of names. */
final class OnnxGraph {

    private static final String BATCH = "batch";

    private final GraphProto.Builder graph = GraphProto.newBuilder();
    private final Set<String> names = new HashSet<>();

    OnnxGraph(String name) {
        graph.setName(name);
    }

    /** A value that is fed: any number of pictures of the given extents. */
    String input(String name, OnnxMl.TensorProto.DataType type, String documentation, int... extents) {
        graph.addInput(value(claim(name), type, extents).setDocString(documentation));
        return name;
    }

    /** Declares what the last node gives as the graph's result, under a name of its own: so many numbers a picture. */
    void output(String name, int extent) {
        graph.getNodeBuilder(graph.getNodeCount() - 1).setOutput(0, claim(name));
        graph.addOutput(value(name, TensorProto.DataType.FLOAT, extent));
    }

    private static ValueInfoProto.Builder value(String name, OnnxMl.TensorProto.DataType type, int... extents) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        shape.addDimBuilder().setDimParam(BATCH);
        for (int extent : extents) {
            shape.addDimBuilder().setDimValue(extent);
        }
        ValueInfoProto.Builder value = ValueInfoProto.newBuilder().setName(name);
        value.getTypeBuilder().getTensorTypeBuilder().setElemType(type.getNumber()).setShape(shape);
        return value;
    }

    /** An fp32 constant, row-major; a scalar has no extents. */
    String constant(String name, float[] values, List<Integer> extents) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(values.length, Float.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        TensorProto.Builder tensor = TensorProto.newBuilder().setName(claim(name)).setDataType(TensorProto.DataType.FLOAT.getNumber())
                .setRawData(UnsafeByteOperations.unsafeWrap(bytes));
        extents.forEach(tensor::addDims);
        graph.addInitializer(tensor);
        return name;
    }

    /** As {@link #constant(String, float[], List)}, made once however often it is asked for. */
    String scalar(String name, float value) {
        return names.contains(name) ? name : constant(name, new float[] {value}, List.of());
    }

    /**
     * Appends a node.
     *
     * @param attributes an Integer, a Float or an int[] each
     * @return the name of what it gives, which is its own
     */
    String node(String operator, String layer, List<String> inputs, Map<String, Object> attributes) {
        String name = claim(layer + "/" + operator);
        NodeProto.Builder node = NodeProto.newBuilder().setOpType(operator).setName(name).addAllInput(inputs).addOutput(name);
        attributes.entrySet().stream().sorted(Map.Entry.comparingByKey()).forEach(each -> node.addAttribute(attribute(each.getKey(), each.getValue())));
        graph.addNode(node);
        return name;
    }

    private static AttributeProto attribute(String name, Object value) {
        AttributeProto.Builder attribute = AttributeProto.newBuilder().setName(name);
        if (value instanceof Integer number) {
            return attribute.setType(AttributeProto.AttributeType.INT).setI(number).build();
        }
        if (value instanceof Float number) {
            return attribute.setType(AttributeProto.AttributeType.FLOAT).setF(number).build();
        }
        attribute.setType(AttributeProto.AttributeType.INTS);
        for (int number : (int[]) value) {
            attribute.addInts(number);
        }
        return attribute.build();
    }

    private String claim(String name) {
        if (!names.add(name)) {
            throw new IllegalArgumentException("two values of the graph are named '" + name + "'");
        }
        return name;
    }

    GraphProto build() {
        return graph.build();
    }
}
