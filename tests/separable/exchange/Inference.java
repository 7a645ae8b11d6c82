package separable.exchange;

import java.util.Map;
import separable.device.Device;
import separable.device.Stream;
import separable.graph.Parameters;
import separable.graph.Plan;
import separable.graph.PlanOptions;
import separable.graph.StateValue;
import separable.layer.Network;
import separable.spec.DType;

/** Logits of a network on the device, with weights of a file. */
final class Inference {

    private Inference() {
    }

    /** @param pictures of {@code batch} pictures, channels first: {@code [n, c, h, w]} */
    static double[] logits(Device device, Stream stream, Network network, Map<String, StateValue> weights, int batch, float[] pictures) {
        Parameters parameters = new Parameters(device, network.state(), DType.F32);
        Map<String, StateValue> state = parameters.export();
        state.putAll(weights);
        parameters.load(state);
        Plan plan = Plan.inference(device, network.inferenceGraph(batch, DType.F32), parameters, PlanOptions.standard());
        plan.writeInput(channelsLast(pictures, batch, network.input().c()));
        plan.enqueue(stream);
        stream.synchronize();
        return doubles(plan.read(plan.graph().logits()));
    }

    /** From {@code [n, c, pixels]} to {@code [n, pixels, c]}. */
    static float[] channelsLast(float[] pictures, int batch, int channels) {
        int pixels = pictures.length / batch / channels;
        float[] moved = new float[pictures.length];
        for (int i = 0; i < moved.length; i++) {
            int n = i / (pixels * channels);
            int pixel = i / channels % pixels;
            moved[i] = pictures[(n * channels + i % channels) * pixels + pixel];
        }
        return moved;
    }

    static double[] doubles(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }
}
