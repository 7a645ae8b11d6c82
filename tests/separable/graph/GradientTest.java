package separable.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.device.Device;
import separable.device.Stream;
import separable.layer.AveragePool;
import separable.layer.BatchNorm;
import separable.layer.Conv;
import separable.layer.Dense;
import separable.layer.DepthwiseConv;
import separable.layer.Dropout;
import separable.layer.GlobalAveragePool;
import separable.layer.Initial;
import separable.layer.MaxPool;
import separable.layer.NamedLayer;
import separable.layer.Network;
import separable.layer.PadRule;
import separable.layer.PointwiseConv;
import separable.layer.Rectifier;
import separable.layer.Residual;
import separable.layer.Weights;
import separable.spec.Activation;
import separable.spec.DType;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.Expect;
import separable.testing.FiniteDifferences;
import separable.testing.HostTensor;

/** Gradients of whole plans against finite differences, fp32. */
@ExtendWith(DeviceExtension.class)
class GradientTest {

    private static final Weights BIASED = Weights.withBias(Initial.HE_UNIFORM);
    private static final Weights PLAIN = Weights.withoutBias(Initial.HE_UNIFORM);

    /** Every single gradient of a two-layer network, against a double-precision model of it. */
    @Test
    void twoLayers(Device device, Stream stream) {
        Shape picture = new Shape(1, 4, 3, 3);
        int classes = 4;
        Network network = new Network.Builder()
                .add("dw", new DepthwiseConv(3, 1, 1, PadRule.SAME, BIASED))
                .add("dense", new Dense(classes, BIASED)).build("two layers", picture);
        try (TrainingStep step = new TrainingStep(device, stream, network, 3, DType.F32, PlanOptions.standard())) {
            Map<String, double[]> variables = new HashMap<>();
            for (Parameter parameter : step.parameters.layout().parameters()) {
                variables.put(parameter.name(), HostTensor.random(new Shape(1, 1, 1, parameter.count()), parameter.name().hashCode()).values());
            }
            Map<String, float[]> loaded = new HashMap<>();
            variables.forEach((name, values) -> loaded.put(name, floats(values)));
            step.load(loaded);
            step.run();
            Map<String, StateValue.Floats> gradients = step.parameters.exportGradients();
            assertThat((double) step.metrics().lossSum()).isEqualTo(3 * twoLayerLoss(step, variables, classes), within(1e-5));
            assertThat(step.metrics().count()).isEqualTo(3);
            variables.forEach((name, values) -> Expect.close(doubles(gradients.get(name).values()),
                    FiniteDifferences.gradient(values, () -> twoLayerLoss(step, variables, classes)), DType.F32, name));
        }
    }

    /** Depthwise 3x3 with padding 1 and bias, flattened in PyTorch's order, dense with bias, smoothed cross-entropy. */
    private static double twoLayerLoss(TrainingStep step, Map<String, double[]> variables, int classes) {
        HostTensor x = step.pictures;
        Shape shape = x.shape();
        double[] w = variables.get("dw.weight");
        double[] dense = variables.get("dense.weight");
        int pixels = shape.h() * shape.w();
        double sum = 0;
        for (int n = 0; n < shape.n(); n++) {
            double[] logits = variables.get("dense.bias").clone();
            for (int c = 0; c < shape.c(); c++) {
                for (int at = 0; at < pixels; at++) {
                    double y = variables.get("dw.bias")[c];
                    for (int tap = 0; tap < 9; tap++) {
                        y += w[c * 9 + tap] * x.tap(n, at / shape.w() + tap / 3 - 1, at % shape.w() + tap % 3 - 1, c);
                    }
                    for (int k = 0; k < classes; k++) {
                        logits[k] += dense[(k * shape.c() + c) * pixels + at] * y;
                    }
                }
            }
            sum += TrainingStep.crossEntropy(logits, step.labels[n]);
        }
        return sum / shape.n();
    }

    /** Every kind of layer, each parameter along its own gradient: the loss must change by the gradient's length. */
    @Test
    void everyLayer(Device device, Stream stream) {
        Network network = new Network.Builder()
                .add("conv", new Conv(12, 3, 1, PadRule.SYMMETRIC, BIASED))
                .add("relu", Rectifier.RELU)
                .add("pool1", new MaxPool(3, 2, PadRule.SYMMETRIC))
                .add("bn0", new BatchNorm(Activation.RELU6, 1e-5f, 0.1f))
                .add("block", new Residual(List.of(
                        new NamedLayer("expand", new PointwiseConv(20, PLAIN)),
                        new NamedLayer("bn1", new BatchNorm(Activation.RELU6, 1e-5f, 0.1f)),
                        new NamedLayer("dw", new DepthwiseConv(3, 1, 1, PadRule.SAME, PLAIN)),
                        new NamedLayer("bn2", new BatchNorm(Activation.RELU, 1e-5f, 0.1f)),
                        new NamedLayer("project", new PointwiseConv(12, PLAIN)),
                        new NamedLayer("bn3", new BatchNorm(Activation.NONE, 1e-5f, 0.1f)))))
                .add("pool2", new AveragePool(2, 1, PadRule.VALID, true))
                .add("dw5", new DepthwiseConv(5, 2, 1, PadRule.SAME, BIASED))
                .add("pool3", new GlobalAveragePool())
                .add("drop", new Dropout(0.3f))
                .add("dense", new Dense(5, BIASED)).build("every layer", new Shape(1, 9, 9, 3));
        followEveryGradient(network, device, stream);
    }

    /** Where every filter is a depthwise one, whatever its layer is called. */
    @Test
    void fromOneChannelToOne(Device device, Stream stream) {
        Network network = new Network.Builder()
                .add("conv", new Conv(1, 3, 1, PadRule.SYMMETRIC, BIASED))
                .add("point", new PointwiseConv(1, BIASED))
                .add("pool", new MaxPool(2, 2, PadRule.VALID))
                .add("dw", new DepthwiseConv(3, 1, 1, PadRule.SAME, BIASED))
                .add("dense1", new Dense(1, PLAIN))
                .add("dense", new Dense(3, BIASED)).build("one channel", new Shape(1, 6, 6, 1));
        followEveryGradient(network, device, stream);
    }

    private static void followEveryGradient(Network network, Device device, Stream stream) {
        for (Schedule schedule : Schedule.values()) {
            followEveryGradient(network, schedule, device, stream);
        }
    }

    private static void followEveryGradient(Network network, Schedule schedule, Device device, Stream stream) {
        try (TrainingStep step = new TrainingStep(device, stream, network, 6, DType.F32, PlanOptions.standard().withSchedule(schedule))) {
            step.run();
            Map<String, StateValue.Floats> gradients = step.parameters.exportGradients();
            Map<String, StateValue> start = step.parameters.export();
            for (Parameter parameter : step.parameters.layout().parameters()) {
                float[] gradient = gradients.get(parameter.name()).values();
                double length = Math.sqrt(Arrays.stream(doubles(gradient)).map(g -> g * g).sum());
                float[] values = ((StateValue.Floats) start.get(parameter.name())).values();
                double change = lossAlong(step, parameter.name(), values, gradient, 1e-2 / length)
                        - lossAlong(step, parameter.name(), values, gradient, -1e-2 / length);
                step.load(Map.of(parameter.name(), values));
                if (length > 1e-4) {
                    assertThat(change / 2e-2).as(parameter.name()).isEqualTo(length, within(0.03 * length + 1e-4));
                }
            }
        }
    }

    private static double lossAlong(TrainingStep step, String name, float[] values, float[] direction, double distance) {
        float[] moved = new float[values.length];
        for (int at = 0; at < moved.length; at++) {
            moved[at] = (float) (values[at] + distance * direction[at]);
        }
        step.load(Map.of(name, moved));
        step.run();
        return step.loss();
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int at = 0; at < floats.length; at++) {
            floats[at] = (float) values[at];
        }
        return floats;
    }

    private static double[] doubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int at = 0; at < doubles.length; at++) {
            doubles[at] = values[at];
        }
        return doubles;
    }
}
