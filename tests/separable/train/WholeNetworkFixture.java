package separable.train;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import separable.exchange.NamedTensor;
import separable.exchange.SafeTensors;
import separable.graph.StateValue;
import separable.spec.Shape;

/**
 * Three training steps of a network as PyTorch computes them in double precision; tests/fixtures/make_fixtures.py made the files
 * and says what they hold. Collects relative L2 differences, to be looked at together.
 */
final class WholeNetworkFixture {

    private static final String INITIAL = "initial/";

    private final SafeTensors file;
    private final int fold;
    private final List<String> failures = new ArrayList<>();
    private final Map<String, String> worst = new LinkedHashMap<>();
    private final Map<String, Double> worstShare = new LinkedHashMap<>();

    WholeNetworkFixture(String name) throws IOException, URISyntaxException {
        file = SafeTensors.read(Path.of(WholeNetworkFixture.class.getResource("/fixtures/" + name + ".safetensors").toURI()));
        fold = Integer.parseInt(file.metadata().get("fold"));
    }

    /** Pictures of a batch: {@code n x h x w x c}. */
    Shape input() {
        long[] shape = file.tensor("input/0").shape();
        return new Shape((int) shape[0], (int) shape[2], (int) shape[3], (int) shape[1]);
    }

    /** Names of the parameters that weight decay applies to. */
    Set<String> decayed() {
        return Set.of(file.metadata().get("decayed").split(" "));
    }

    /** Parameters and running statistics before the first step. */
    Map<String, StateValue> initialState() {
        Map<String, StateValue> state = new LinkedHashMap<>();
        for (NamedTensor tensor : file.tensors().values()) {
            if (tensor.name().startsWith(INITIAL)) {
                List<Integer> shape = Arrays.stream(tensor.shape()).mapToObj(Math::toIntExact).toList();
                state.put(tensor.name().substring(INITIAL.length()), new StateValue.Floats(shape, tensor.floats()));
            }
        }
        return state;
    }

    /** A step's pictures, NHWC. */
    float[] pictures(int step) {
        Shape shape = input();
        float[] nchw = file.tensor("input/" + step).floats();
        float[] nhwc = new float[nchw.length];
        for (int at = 0; at < nchw.length; at++) {
            int pixel = at % (shape.h() * shape.w());
            int channel = at / (shape.h() * shape.w()) % shape.c();
            int picture = at / (shape.h() * shape.w() * shape.c());
            nhwc[(picture * shape.h() * shape.w() + pixel) * shape.c() + channel] = nchw[at];
        }
        return nhwc;
    }

    int[] labels(int step) {
        return Arrays.stream(file.tensor("labels/" + step).integers()).mapToInt(Math::toIntExact).toArray();
    }

    /** A reference value, as stored: large gradients and parameters folded. */
    double[] expected(String key) {
        return doubles(file.tensor(key).floats());
    }

    /** {@code values} as the fixture stores gradients and parameters: sums over equal remainders of the index if there are many. */
    double[] folded(float[] values) {
        if (values.length <= fold) {
            return doubles(values);
        }
        double[] sums = new double[fold];
        for (int i = 0; i < values.length; i++) {
            sums[i % fold] += values[i];
        }
        return sums;
    }

    /** Notes a failure unless the norm of {@code actual - expected} is at most {@code limit * size}; {@code kind} groups the report. */
    void compare(String kind, String name, double[] actual, double[] expected, double size, double limit) {
        double relative = norm(difference(actual, expected)) / size;
        if (!(relative <= limit)) {
            failures.add(String.format("%s of %s: relative L2 difference %.2e, at most %.0e is allowed", kind, name, relative, limit));
        }
        if (worstShare.merge(kind, relative, Math::max) == relative) {
            worst.put(kind, String.format("%s %.1e (%s)", kind, relative, name));
        }
    }

    /** One line a failed comparison. */
    List<String> failures() {
        return failures;
    }

    /** The largest difference of every kind. */
    String report() {
        return String.join(", ", worst.values());
    }

    static double norm(double[] values) {
        return Math.sqrt(Arrays.stream(values).map(value -> value * value).sum());
    }

    static double[] difference(double[] a, double[] b) {
        if (a.length != b.length) {
            throw new IllegalArgumentException(a.length + " and " + b.length + " values");
        }
        double[] difference = new double[a.length];
        Arrays.setAll(difference, i -> a[i] - b[i]);
        return difference;
    }

    static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        Arrays.setAll(wide, i -> values[i]);
        return wide;
    }
}
