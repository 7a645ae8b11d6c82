package separable.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import separable.graph.Op;
import separable.layer.Dense;
import separable.layer.Network;
import separable.spec.ConvSpec;
import separable.spec.DType;

/** The distinct convolutions of a network, read from the network itself. */
public final class NetworkShapes {

    private NetworkShapes() {}

    /**
     * Every distinct convolution in the order of its first occurrence, dense layers left out.
     *
     * @param batch pictures
     */
    public static List<BenchShape> of(Network network, int batch) {
        Set<String> dense = network.layers().stream().filter(each -> each.layer() instanceof Dense)
                .map(each -> each.name()).collect(Collectors.toSet());
        Map<ConvSpec, Integer> counts = new LinkedHashMap<>();
        for (Op op : network.inferenceGraph(batch, DType.F32).ops()) {
            if (op instanceof Op.ConvForward convolution && !dense.contains(convolution.name())) {
                counts.merge(convolution.spec(), 1, Integer::sum);
            }
        }
        List<BenchShape> shapes = new ArrayList<>();
        counts.forEach((spec, count) -> shapes.add(BenchShape.of(spec, count)));
        return List.copyOf(shapes);
    }

    /** The shapes of one family; all of them without one. */
    public static List<BenchShape> only(List<BenchShape> shapes, Optional<ConvFamily> family) {
        return shapes.stream().filter(shape -> family.map(shape.family()::equals).orElse(true)).toList();
    }
}
