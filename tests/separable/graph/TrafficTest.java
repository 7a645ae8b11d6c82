package separable.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import separable.kernel.FusedPointwiseBackward;
import separable.layer.Network;
import separable.layer.SoftmaxCrossEntropy;
import separable.model.MobileNetV1;
import separable.model.MobileNetV2;
import separable.spec.DType;

/** The bytes that a schedule moves, against the counts of fixtures/traffic.csv, which were made apart from this code. */
class TrafficTest {

    /** The picture is stored with 8 channels, and counted with 3: a forward and a backward read of 5 more. */
    private static final long SURPLUS = 2 * 224 * 224 * 5;

    private record Row(String layer, long twice, long once) {}

    /** For every batch the forms of pointwise gradients are others: with few rows slices, with many what moves the fewest bytes. */
    @ParameterizedTest
    @ValueSource(ints = {1, 256})
    void theFusedScheduleMovesWhatItMust(int batch) throws IOException {
        fits(MobileNetV1.standard().network(), "MobileNetV1", batch);
        fits(MobileNetV2.standard().network(), "MobileNetV2", batch);
    }

    private static void fits(Network network, String model, int batch) throws IOException {
        Graph graph = Fusion.of(training(network, batch), StandInKernels.ALL);
        Map<String, Long> moved = graph.ops().stream().map(op -> OpTraffic.of(op, false))
                .collect(Collectors.groupingBy(OpTraffic::layer, Collectors.summingLong(OpTraffic::activations)));
        List<FusedOp.ConvNorm> layers = graph.ops().stream().filter(FusedOp.ConvNorm.class::isInstance).map(FusedOp.ConvNorm.class::cast).toList();
        List<Row> rows = rows(model);
        assertThat(layers).hasSameSizeAs(rows);
        long total = 0;
        for (int at = 0; at < rows.size(); at++) {
            String layer = layers.get(at).name();
            long floor = readsTwice(graph, layer) ? rows.get(at).twice : rows.get(at).once;
            long counted = moved.get(layer) + (at == rows.size() - 1 ? moved.get("pool") : 0);
            total += counted;
            assertThat(counted).as(model + " " + rows.get(at).layer).isCloseTo(2 * batch * (floor + (at == 0 ? SURPLUS : 0)), Percentage.withPercentage(2));
        }
        assertThat(total).as(model + ": few layers read anything twice").isLessThan(2 * batch * (long) (1.1 * rows.stream().mapToLong(Row::once).sum()));
    }

    private static boolean readsTwice(Graph graph, String layer) {
        return graph.ops().stream().anyMatch(op -> op instanceof FusedOp.PointwiseBackward each && each.name().equals(layer) && each.form().form() == FusedPointwiseBackward.Form.DUAL);
    }

    private static Graph training(Network network, int batch) {
        return Backward.of(network.trainingGraph(batch, DType.BF16, new SoftmaxCrossEntropy(0)));
    }

    private static List<Row> rows(String model) throws IOException {
        try (InputStream in = TrafficTest.class.getResourceAsStream("/fixtures/traffic.csv")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().map(line -> line.split(",")).filter(cells -> cells[0].equals(model))
                    .map(cells -> new Row(cells[1], Long.parseLong(cells[2]), Long.parseLong(cells[3]))).toList();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 256})
    void fusedMovesLessThanHalfOfPlain(int batch) {
        for (Network network : List.of(MobileNetV1.standard().network(), MobileNetV2.standard().network())) {
            Graph plain = training(network, batch);
            double share = (double) activations(Fusion.of(plain, StandInKernels.ALL)) / activations(plain);
            assertThat(share).as(network.name()).isBetween(0.3, 0.5);
        }
    }

    private static long activations(Graph graph) {
        return graph.ops().stream().mapToLong(op -> OpTraffic.of(op, false).activations()).sum();
    }
}
