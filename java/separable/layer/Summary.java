package separable.layer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import separable.graph.Graph;
import separable.graph.Op;
import separable.graph.Parameter;
import separable.graph.Role;
import separable.graph.StateEntry;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * What a network costs, layer by layer, for one picture.
 *
 * <p>Parameters are the trainable ones. Multiply-adds are those of convolutions and dense layers as papers count them: taps
 * in the padding included; biases, normalisation and pools not.
 */
public record Summary(String network, List<Row> rows) {

    /** @param output of the layer, one picture */
    public record Row(String name, Shape output, long parameters, long multiplyAdds) {}

    public Summary {
        rows = List.copyOf(rows);
    }

    public long parameters() {
        return rows.stream().mapToLong(Row::parameters).sum();
    }

    public long multiplyAdds() {
        return rows.stream().mapToLong(Row::multiplyAdds).sum();
    }

    /** Adds up the ops that each layer lowers to. */
    static Summary of(Network network) {
        Graph graph = network.trainingGraph(1, DType.F32, new SoftmaxCrossEntropy(0));
        Map<String, Parameter> parameters = new HashMap<>();
        for (StateEntry entry : graph.state()) {
            if (entry instanceof Parameter parameter) {
                parameters.put(parameter.name(), parameter);
            }
        }
        Map<String, Row> rows = new LinkedHashMap<>();
        for (Op op : graph.ops()) {
            if (!(op instanceof Op.SoftmaxEvaluate)) {
                rows.merge(op.name(), row(op, parameters), Summary::together);
            }
        }
        return new Summary(network.name(), new ArrayList<>(rows.values()));
    }

    private static Row row(Op op, Map<String, Parameter> parameters) {
        Shape output = op.writes().get(0).shape();
        long count = op.reads().stream().filter(tensor -> tensor.role() == Role.PARAMETER)
                .mapToLong(tensor -> parameters.get(tensor.name()).count()).sum();
        long multiplyAdds = op instanceof Op.ConvForward convolution
                ? (long) output.rows() * parameters.get(convolution.w().name()).count() : 0;
        return new Row(op.name(), output, count, multiplyAdds);
    }

    private static Row together(Row first, Row second) {
        return new Row(first.name(), second.output(), first.parameters() + second.parameters(),
                first.multiplyAdds() + second.multiplyAdds());
    }

    /** A table with a line a layer, then the totals. */
    @Override
    public String toString() {
        int width = rows.stream().mapToInt(row -> row.name().length()).max().orElse(5);
        String format = "%-" + Math.max(5, width) + "s  %-14s %14s %16s%n";
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, format, "layer", "output", "parameters", "multiply-adds"));
        for (Row row : rows) {
            text.append(line(format, row.name(), row.output().h() + "x" + row.output().w() + "x" + row.output().c(), row.parameters(), row.multiplyAdds()));
        }
        return text.append(line(format, "total", "", parameters(), multiplyAdds())).toString();
    }

    private static String line(String format, String name, String output, long parameters, long multiplyAdds) {
        return String.format(Locale.ROOT, format, name, output, String.format(Locale.ROOT, "%,d", parameters), String.format(Locale.ROOT, "%,d", multiplyAdds));
    }
}
