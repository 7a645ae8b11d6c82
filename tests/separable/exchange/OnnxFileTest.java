package separable.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.Stream;
import separable.graph.StateValue;
import separable.layer.AveragePool;
import separable.layer.BatchNorm;
import separable.layer.Conv;
import separable.layer.Dense;
import separable.layer.DepthwiseConv;
import separable.layer.Initial;
import separable.layer.MaxPool;
import separable.layer.Network;
import separable.layer.PadRule;
import separable.layer.PointwiseConv;
import separable.layer.Rectifier;
import separable.layer.Residual;
import separable.layer.Weights;
import separable.model.MobileNetV1;
import separable.model.MobileNetV2;
import separable.model.SeparableCnn;
import separable.spec.Activation;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;

/** Exported networks in ONNX Runtime beside the same networks on the device. */
@ExtendWith(DeviceExtension.class)
class OnnxFileTest {

    private static final int BATCH = 3;
    private static final OnnxOptions PLAIN = new OnnxOptions(false, Optional.empty());
    private static final OnnxOptions FOLDED = new OnnxOptions(true, Optional.empty());

    @TempDir
    Path folder;

    static List<Arguments> networks() {
        MobileNetV1 v1 = MobileNetV1.standard().withWidth(0.25).withClasses(7);
        return List.of(
                Arguments.of("MobileNetV2", MobileNetV2.standard().withWidth(0.35).withInput(32, 3, 1).withClasses(10).network()),
                Arguments.of("MobileNetV1, SAME, even", v1.withInput(48, 3, 2).network()),
                Arguments.of("MobileNetV1, SAME, odd", v1.withInput(45, 3, 2).network()),
                Arguments.of("MobileNetV1, symmetric, grey", v1.withInput(28, 1, 1).withStyle(MobileNetV1.Style.TIMM).network()),
                Arguments.of("separable CNN", new SeparableCnn(List.of(8, 8, 16, 16), 17, 10, 3).network()),
                Arguments.of("every layer", everyLayer()));
    }

    /** What the models have not: pools with uneven padding, a bias before a normalisation, a rectifier without a bound, dilation. */
    private static Network everyLayer() {
        Weights bias = Weights.withBias(Initial.HE_UNIFORM);
        BatchNorm norm = new BatchNorm(Activation.RELU, 1e-2f, 0.1f);
        return new Network.Builder()
                .add("stem", new Conv(5, 3, 2, PadRule.SAME, bias)).add("norm", norm)
                .add("largest", new MaxPool(2, 2, PadRule.SAME))
                .add("dilated", new DepthwiseConv(3, 1, 2, PadRule.SYMMETRIC, bias)).add("six", Rectifier.RELU6)
                .add("mean", new AveragePool(3, 1, PadRule.SAME, true)).add("honest", new AveragePool(3, 2, PadRule.SAME, false))
                .add("around", new Residual(new Network.Builder().add("mix", new PointwiseConv(5, bias)).layers()))
                .add("head", new Dense(4, bias)).build("every layer", new Shape(1, 30, 22, 2));
    }

    private static Map<String, StateValue> weights(Network network) {
        return StateTensors.values(FormulaWeights.file(network, LayerNames.ours("Separable")));
    }

    private static float[] pictures(Network network, int batch) {
        double[] u = FormulaWeights.uniform("pictures", batch * network.input().h() * network.input().w() * network.input().c());
        float[] values = new float[u.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (4 * u[i] - 2);
        }
        return values;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("networks")
    void givesTheDevicesLogits(String name, Network network, Device device, Stream stream) throws Exception {
        Map<String, StateValue> weights = weights(network);
        float[] pictures = pictures(network, BATCH);
        double[] expected = Inference.logits(device, stream, network, weights, BATCH, pictures);
        int classes = expected.length / BATCH;

        for (OnnxOptions options : List.of(PLAIN, FOLDED)) {
            Path file = folder.resolve("network.onnx");
            OnnxFile.write(file, network, weights, options, Map.of("classes", "a\nb"));
            ModelProto model = ModelProto.parseFrom(Files.readAllBytes(file));
            assertThat(OnnxChecker.problems(model)).isEmpty();
            assertThat(count(model, "BatchNormalization") > 0).isEqualTo(!options.foldNormalisation() && hasNormalisation(network));

            Expect.close(run(file, pictures, network, BATCH), expected, 1e-4, 1e-5, name);
            float[] first = Arrays.copyOf(pictures, pictures.length / BATCH);
            Expect.close(run(file, first, network, 1), Arrays.copyOf(expected, classes), 1e-4, 1e-5, name + ", alone");
        }
    }

    private static boolean hasNormalisation(Network network) {
        return network.state().stream().anyMatch(separable.graph.RunningStatistics.class::isInstance);
    }

    private static long count(ModelProto model, String operator) {
        return model.getGraph().getNodeList().stream().filter(node -> node.getOpType().equals(operator)).count();
    }

    private static double[] run(Path file, float[] pictures, Network network, int batch) throws OrtException {
        long[] shape = {batch, network.input().c(), network.input().h(), network.input().w()};
        try (OnnxTensor input = OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), FloatBuffer.wrap(pictures), shape)) {
            return run(file, "input", input);
        }
    }

    private static double[] run(Path file, String name, OnnxTensor input) throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            try (OrtSession session = OrtEnvironment.getEnvironment().createSession(file.toString(), options);
                    OrtSession.Result result = session.run(Map.of(name, input))) {
                OnnxTensor logits = (OnnxTensor) result.get("logits").orElseThrow();
                float[] values = new float[Math.toIntExact(logits.getInfo().getNumElements())];
                logits.getFloatBuffer().get(values);
                return Inference.doubles(values);
            }
        }
    }

    @Test
    void normalisesBytesAsTrainingDid(Device device, Stream stream) throws Exception {
        Network network = MobileNetV2.standard().withWidth(0.35).withInput(20, 3, 1).withClasses(5).network();
        List<Float> mean = List.of(0.485f, 0.456f, 0.25f);
        List<Float> deviation = List.of(0.229f, 0.5f, 0.1f);
        int side = network.input().h();
        byte[] pixels = new byte[BATCH * side * side * 3];
        double[] u = FormulaWeights.uniform("bytes", pixels.length);
        float[] pictures = new float[pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            int value = (int) (256 * u[i]);
            int c = i % 3;
            pixels[i] = (byte) value;
            pictures[i / 3 / (side * side) * 3 * side * side + c * side * side + i / 3 % (side * side)] = (value / 255f - mean.get(c)) / deviation.get(c);
        }
        Path file = folder.resolve("network.onnx");
        OnnxFile.write(file, network, weights(network), new OnnxOptions(true, Optional.of(new OnnxOptions.Preprocessing(mean, deviation))), Map.of());
        assertThat(OnnxChecker.problems(ModelProto.parseFrom(Files.readAllBytes(file)))).isEmpty();

        double[] expected = Inference.logits(device, stream, network, weights(network), BATCH, pictures);
        ByteBuffer bytes = ByteBuffer.allocateDirect(pixels.length).put(pixels).flip();
        try (OnnxTensor input = OnnxTensor.createTensor(OrtEnvironment.getEnvironment(), bytes, new long[] {BATCH, side, side, 3}, OnnxJavaType.UINT8)) {
            Expect.close(run(file, "pictures", input), expected, 1e-4, 1e-5, "bytes");
        }
    }

    /** A checker that finds nothing in broken models would be no checker. */
    @Test
    void theCheckerSeesWhatIsWrong() {
        Network network = everyLayer();
        ModelProto model = OnnxFile.model(network, weights(network), PLAIN, Map.of());
        assertThat(OnnxChecker.problems(model)).isEmpty();

        ModelProto.Builder lacking = model.toBuilder();
        lacking.getGraphBuilder().removeInitializer(0);
        assertThat(OnnxChecker.problems(lacking.build())).singleElement().asString().contains("which nothing before it gives");
        ModelProto.Builder reordered = model.toBuilder();
        reordered.getGraphBuilder().addNode(0, reordered.getGraphBuilder().getNode(5)).removeNode(6);
        assertThat(OnnxChecker.problems(reordered.build())).isNotEmpty();
        ModelProto.Builder idle = model.toBuilder();
        idle.getGraphBuilder().addInitializer(model.getGraph().getInitializer(0).toBuilder().setName("idle"));
        assertThat(OnnxChecker.problems(idle.build())).containsExactly("idle is used nowhere");
    }

    @Test
    void refusesAStateThatIsNotTheNetworks() {
        Network network = everyLayer();
        Map<String, StateValue> state = new HashMap<>(weights(network));
        state.remove("mix.bias");
        Path file = folder.resolve("network.onnx");
        assertThatThrownBy(() -> OnnxFile.write(file, network, state, PLAIN, Map.of())).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("missing: 'mix.bias'");
        assertThat(file).doesNotExist();
    }
}
