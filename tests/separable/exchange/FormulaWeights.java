package separable.exchange;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import separable.graph.Parameter;
import separable.graph.RunningStatistics;
import separable.graph.StateEntry;
import separable.layer.Network;

/** Weights that follow from the names of their entries, as {@code make_exchange.py} computes them too. */
public final class FormulaWeights {

    private FormulaWeights() {
    }

    /** Multiples of 2^-24 from 0 to below 1. */
    public static double[] uniform(String name, int count) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        int seed = (int) crc.getValue();
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            int h = seed + i * 0x9E3779B1;
            h = (h ^ h >>> 16) * 0x7feb352d;
            h = (h ^ h >>> 15) * 0x846ca68b;
            h ^= h >>> 16;
            values[i] = (h >>> 8) * 0x1p-24;
        }
        return values;
    }

    /** fp32 values of one entry. */
    public static float[] value(String name, List<Integer> shape) {
        int count = shape.stream().reduce(1, Math::multiplyExact);
        double bound = shape.size() > 1 ? Math.sqrt(3.0 * shape.get(0) / count) : 0;
        boolean aboutZero = name.endsWith(".running_mean") || name.endsWith(".bias");
        double[] u = uniform(name, count);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (shape.size() > 1 ? (2 * u[i] - 1) * bound : aboutZero ? u[i] - 0.4 : u[i] + 0.5);
        }
        return values;
    }

    /** A picture, channels first: from -2 to 2. */
    public static float[] picture(int side) {
        double[] u = uniform("picture", 3 * side * side);
        float[] values = new float[u.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (4 * u[i] - 2);
        }
        return values;
    }

    /** The entries of a network's file under a library's names, in file order, each with its shape: a counter's is empty. */
    public static Map<String, List<Integer>> entries(Network network, LayerNames names) {
        Map<String, List<Integer>> entries = new LinkedHashMap<>();
        for (StateEntry entry : network.state()) {
            if (entry instanceof Parameter parameter) {
                entries.put(names.of(parameter.name()), parameter.fileShape());
            } else if (entry instanceof RunningStatistics statistics) {
                entries.put(names.of(statistics.meanName()), List.of(statistics.channels()));
                entries.put(names.of(statistics.varianceName()), List.of(statistics.channels()));
                entries.put(names.of(statistics.counterName()), List.of());
            }
        }
        return entries;
    }

    /** A whole file as the library would save it. */
    public static SafeTensors file(Network network, LayerNames names) {
        List<NamedTensor> tensors = new ArrayList<>();
        entries(network, names).forEach((name, shape) -> tensors.add(shape.isEmpty()
                ? NamedTensor.of(name, new long[0], new long[] {17})
                : NamedTensor.of(name, shape.stream().mapToLong(Integer::longValue).toArray(), value(name, shape))));
        return SafeTensors.of(tensors, Map.of("format", "pt"));
    }
}
