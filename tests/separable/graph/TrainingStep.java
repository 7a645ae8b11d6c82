package separable.graph;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import separable.device.Device;
import separable.device.DeviceBuffer;
import separable.device.Stream;
import separable.kernel.StepMetrics;
import separable.kernel.StepState;
import separable.layer.Network;
import separable.layer.SoftmaxCrossEntropy;
import separable.spec.DType;
import separable.spec.Shape;
import separable.testing.HostTensor;

/** A network with everything one training step needs, for tests: random parameters, pictures and labels. */
final class TrainingStep implements AutoCloseable {

    static final float SMOOTHING = 0.1f;

    final Parameters parameters;
    final StepState state;
    final DeviceBuffer metrics;
    final Plan plan;
    final HostTensor pictures;
    final int[] labels;
    private final Stream stream;

    TrainingStep(Device device, Stream stream, Network network, int batch, DType type, PlanOptions options) {
        this.stream = stream;
        Graph graph = network.trainingGraph(batch, type, new SoftmaxCrossEntropy(SMOOTHING));
        parameters = new Parameters(device, graph.state(), type);
        state = new StepState(device);
        metrics = device.allocate(StepMetrics.BYTES, "metrics");
        plan = Plan.training(device, graph, parameters, state, metrics, options);
        Shape input = graph.input().shape();
        pictures = HostTensor.random(input, 3);
        int classes = graph.logits().shape().c();
        labels = new int[batch];
        Arrays.setAll(labels, image -> (7 * image + 1) % classes);
        parameters.initialise(11, stream);
        state.write(StepState.Values.epoch(5, 0, batch, 0.1f, batch));
        writeBatch();
    }

    void writeBatch() {
        float[] values = new float[pictures.values().length];
        for (int at = 0; at < values.length; at++) {
            values[at] = (float) pictures.values()[at];
        }
        plan.writeInput(values);
        plan.writeLabels(labels);
    }

    /** Replaces the parameters that {@code values} names by these values, in file order. */
    void load(Map<String, float[]> values) {
        Map<String, StateValue> all = new LinkedHashMap<>(parameters.export());
        values.forEach((name, replaced) -> all.put(name, new StateValue.Floats(all.get(name).shape(), replaced)));
        parameters.load(all);
    }

    void run() {
        plan.enqueue(stream);
        stream.synchronize();
    }

    /** Every gradient in one array, gaps included. */
    float[] gradients() {
        return parameters.gradients().readFloats(0, parameters.elements());
    }

    StepMetrics metrics() {
        return StepMetrics.at(ByteBuffer.wrap(metrics.readBytes(0, StepMetrics.BYTES)), 0);
    }

    /** The mean loss in double precision from the device's logits. */
    double loss() {
        float[] logits = plan.read(plan.graph().logits());
        int classes = logits.length / labels.length;
        double sum = 0;
        for (int image = 0; image < labels.length; image++) {
            double[] row = new double[classes];
            for (int at = 0; at < classes; at++) {
                row[at] = logits[image * classes + at];
            }
            sum += crossEntropy(row, labels[image]);
        }
        return sum / labels.length;
    }

    static double crossEntropy(double[] logits, int label) {
        double largest = Arrays.stream(logits).max().orElseThrow();
        double logSum = largest + Math.log(Arrays.stream(logits).map(each -> Math.exp(each - largest)).sum());
        double uniform = Arrays.stream(logits).map(each -> logSum - each).average().orElseThrow();
        return (1 - SMOOTHING) * (logSum - logits[label]) + SMOOTHING * uniform;
    }

    @Override
    public void close() {
        plan.close();
        metrics.close();
        state.close();
        parameters.close();
    }
}
