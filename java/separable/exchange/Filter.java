package separable.exchange;

import java.util.List;
import separable.graph.Parameter;

/**
 * Weights of a convolution or dense layer as files have them, output channels outermost.
 *
 * @param bias by output channel; null for none
 */
record Filter(float[] weights, List<Integer> shape, float[] bias) {

    static Filter of(Parameter parameter, float[] weights) {
        return new Filter(weights, parameter.fileShape(), null);
    }

    /** A matrix instead of {@code [out, in, height, width]}. */
    boolean isDense() {
        return shape.size() == 2;
    }

    Filter plus(float[] added) {
        return new Filter(weights, shape, added);
    }

    /** This filter and the normalisation after it as one, computed in double precision. */
    Filter normalised(Normalisation norm) {
        int channels = shape.get(0);
        int each = weights.length / channels;
        float[] scaled = new float[weights.length];
        float[] shifted = new float[channels];
        for (int channel = 0; channel < channels; channel++) {
            for (int i = channel * each; i < (channel + 1) * each; i++) {
                scaled[i] = (float) (weights[i] * norm.scale(channel));
            }
            shifted[channel] = (float) norm.of(bias == null ? 0 : bias[channel], channel);
        }
        return new Filter(scaled, shape, shifted);
    }
}
