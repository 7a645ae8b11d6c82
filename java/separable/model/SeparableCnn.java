package separable.model;

import java.util.List;
import separable.layer.Conv;
import separable.layer.Dense;
import separable.layer.DepthwiseConv;
import separable.layer.Initial;
import separable.layer.MaxPool;
import separable.layer.Network;
import separable.layer.PadRule;
import separable.layer.PointwiseConv;
import separable.layer.Rectifier;
import separable.layer.Weights;
import separable.spec.Shape;

/**
 * A small network for small pictures: 3x3 convolution to 32 channels, pool, two separable blocks, pool, two more, pool,
 * dense. A block is a depthwise 3x3 and a 1x1 convolution, each with bias and ReLU; there is no batch normalisation.
 * Filters start as He's uniform distribution, biases at 0. Meant for Adam at 1e-3 and inputs {@code x / 127.5 - 1}.
 *
 * @param widths output channels of the four blocks; 64, 64, 128, 128 unless told
 */
public record SeparableCnn(List<Integer> widths, int resolution, int classes, int inputChannels) {

    private static final int STEM_CHANNELS = 32;
    private static final int BLOCKS = 4;
    private static final int LEAST_RESOLUTION = 8;
    private static final Weights WEIGHTS = Weights.withBias(Initial.HE_UNIFORM);

    public SeparableCnn {
        widths = List.copyOf(widths);
        if (widths.size() != BLOCKS || widths.stream().anyMatch(width -> width < 1)) {
            throw new IllegalArgumentException("separable CNN: block widths " + widths + " must be " + BLOCKS + " channel counts of at least 1");
        }
        ModelChecks.common("separable CNN", 1, resolution, classes, inputChannels, 1);
        if (resolution < LEAST_RESOLUTION) {
            throw new IllegalArgumentException("separable CNN: resolution " + resolution + " is too small for its three pools: use at least "
                    + LEAST_RESOLUTION);
        }
    }

    /** 64, 64, 128, 128 channels. */
    public static SeparableCnn standard(int resolution, int classes, int inputChannels) {
        return new SeparableCnn(List.of(64, 64, 128, 128), resolution, classes, inputChannels);
    }

    public Network network() {
        Network.Builder layers = new Network.Builder()
                .add("conv1", new Conv(STEM_CHANNELS, 3, 1, PadRule.SYMMETRIC, WEIGHTS))
                .add("relu1", Rectifier.RELU)
                .add("pool1", new MaxPool(2, 2, PadRule.VALID));
        for (int block = 1; block <= BLOCKS; block++) {
            String name = "block" + block;
            layers.add(name + ".depthwise", new DepthwiseConv(3, 1, 1, PadRule.SYMMETRIC, WEIGHTS))
                    .add(name + ".relu1", Rectifier.RELU)
                    .add(name + ".pointwise", new PointwiseConv(widths.get(block - 1), WEIGHTS))
                    .add(name + ".relu2", Rectifier.RELU);
            if (block % 2 == 0) {
                layers.add("pool" + (block / 2 + 1), new MaxPool(2, 2, PadRule.VALID));
            }
        }
        return layers.add("classifier", new Dense(classes, WEIGHTS))
                .build("separable CNN", new Shape(1, resolution, resolution, inputChannels));
    }
}
