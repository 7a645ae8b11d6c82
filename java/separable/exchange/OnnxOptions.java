package separable.exchange;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * How a network is written as ONNX.
 *
 * @param foldNormalisation whether a convolution takes in the batch normalisation after it
 * @param preprocessing     where given, the graph takes bytes, {@value #PICTURES}: uint8 {@code [batch, height, width, channels]}, and
 *                          normalises them itself; else {@value #INPUT}: fp32 {@code [batch, channels, height, width]}, normalised
 */
public record OnnxOptions(boolean foldNormalisation, Optional<Preprocessing> preprocessing) {

    public static final String INPUT = "input";
    public static final String PICTURES = "pictures";
    /** fp32 {@code [batch, classes]}. */
    public static final String OUTPUT = "logits";

    public OnnxOptions {
        Objects.requireNonNull(preprocessing, "preprocessing");
    }

    /** {@code (x / 255 - mean) / deviation} by channel, as training treated its pictures. */
    public record Preprocessing(List<Float> mean, List<Float> deviation) {

        public Preprocessing {
            mean = List.copyOf(mean);
            deviation = List.copyOf(deviation);
            if (mean.isEmpty() || mean.size() != deviation.size()) {
                throw new IllegalArgumentException("mean " + mean + " and deviation " + deviation + ": one number a channel each is needed");
            }
        }

        float[] scale() {
            float[] scale = new float[mean.size()];
            for (int c = 0; c < scale.length; c++) {
                scale[c] = (float) (1 / (255.0 * deviation.get(c)));
            }
            return scale;
        }

        float[] shift() {
            float[] shift = new float[mean.size()];
            for (int c = 0; c < shift.length; c++) {
                shift[c] = (float) (-(double) mean.get(c) / deviation.get(c));
            }
            return shift;
        }
    }
}
