package separable.model;

import java.util.List;
import separable.layer.BatchNorm;
import separable.layer.Conv;
import separable.layer.Dense;
import separable.layer.DepthwiseConv;
import separable.layer.Dropout;
import separable.layer.GlobalAveragePool;
import separable.layer.Initial;
import separable.layer.Network;
import separable.layer.PadRule;
import separable.layer.PointwiseConv;
import separable.layer.Residual;
import separable.layer.Weights;
import separable.spec.Activation;
import separable.spec.Shape;

/**
 * MobileNetV2 (Sandler et al., 2018) as torchvision's {@code mobilenet_v2} has it: the same layers, names, initial
 * distributions and numbers. At width 1 and 1000 classes: 3,504,872 parameters, 300,774,272 multiply-adds at 224.
 *
 * @param width      multiplies every channel count; they are then rounded to multiples of 8
 * @param resolution rows and columns of a picture
 * @param stemStride 2 as published; 1 for small pictures
 * @param dropout    before the classifier; torchvision's is 0.2
 */
public record MobileNetV2(double width, int resolution, int classes, int inputChannels, int stemStride, float dropout) {

    /** Expansion, output channels, blocks, stride of the first: table 2 of the paper. */
    private record Stage(int expansion, int channels, int blocks, int stride) {}

    private static final List<Stage> STAGES = List.of(
            new Stage(1, 16, 1, 1),
            new Stage(6, 24, 2, 2),
            new Stage(6, 32, 3, 2),
            new Stage(6, 64, 4, 2),
            new Stage(6, 96, 3, 1),
            new Stage(6, 160, 3, 2),
            new Stage(6, 320, 1, 1));
    private static final int STEM_CHANNELS = 32;
    private static final int LAST_CHANNELS = 1280;

    private static final Weights CONVOLUTION = Weights.withoutBias(Initial.KAIMING_FAN_OUT);
    private static final Weights CLASSIFIER = Weights.withBias(Initial.normal(0.01));
    private static final BatchNorm NORM_RELU6 = new BatchNorm(Activation.RELU6, 1e-5f, 0.1f);
    private static final BatchNorm NORM = new BatchNorm(Activation.NONE, 1e-5f, 0.1f);

    public MobileNetV2 {
        ModelChecks.common("MobileNetV2", width, resolution, classes, inputChannels, stemStride);
        ModelChecks.resolution("MobileNetV2", resolution, STAGES.stream().mapToInt(Stage::stride).toArray(), stemStride);
    }

    /** As published: width 1, 224 pixels, 1000 classes, 3 channels, stem stride 2, dropout 0.2. */
    public static MobileNetV2 standard() {
        return new MobileNetV2(1, 224, 1000, 3, 2, 0.2f);
    }

    public MobileNetV2 withWidth(double value) {
        return new MobileNetV2(value, resolution, classes, inputChannels, stemStride, dropout);
    }

    public MobileNetV2 withInput(int pixels, int channels, int stride) {
        return new MobileNetV2(width, pixels, classes, channels, stride, dropout);
    }

    public MobileNetV2 withClasses(int count) {
        return new MobileNetV2(width, resolution, count, inputChannels, stemStride, dropout);
    }

    public MobileNetV2 withDropout(float rate) {
        return new MobileNetV2(width, resolution, classes, inputChannels, stemStride, rate);
    }

    public Network network() {
        Network.Builder layers = new Network.Builder();
        int channels = scaled(STEM_CHANNELS, width);
        layers.add("features.0.0", new Conv(channels, 3, stemStride, PadRule.SYMMETRIC, CONVOLUTION)).add("features.0.1", NORM_RELU6);
        int index = 1;
        for (Stage stage : STAGES) {
            int out = scaled(stage.channels(), width);
            for (int block = 0; block < stage.blocks(); block++) {
                addBlock(layers, "features." + index++, channels, out, stage.expansion(), block == 0 ? stage.stride() : 1);
                channels = out;
            }
        }
        layers.add("features.18.0", new PointwiseConv(scaled(LAST_CHANNELS, Math.max(1, width)), CONVOLUTION))
                .add("features.18.1", NORM_RELU6)
                .add("pool", new GlobalAveragePool())
                .add("classifier.0", new Dropout(dropout))
                .add("classifier.1", new Dense(classes, CLASSIFIER));
        return layers.build("MobileNetV2 " + width, new Shape(1, resolution, resolution, inputChannels));
    }

    /** Expand (but for factor 1), depthwise, project without activation; added to its input where the shapes agree. */
    private static void addBlock(Network.Builder layers, String name, int in, int out, int expansion, int stride) {
        Network.Builder body = new Network.Builder();
        int part = 0;
        int hidden = in * expansion;
        if (expansion != 1) {
            body.add(name + ".conv.0.0", new PointwiseConv(hidden, CONVOLUTION)).add(name + ".conv.0.1", NORM_RELU6);
            part = 1;
        }
        body.add(name + ".conv." + part + ".0", new DepthwiseConv(3, stride, 1, PadRule.SYMMETRIC, CONVOLUTION))
                .add(name + ".conv." + part + ".1", NORM_RELU6)
                .add(name + ".conv." + (part + 1), new PointwiseConv(out, CONVOLUTION))
                .add(name + ".conv." + (part + 2), NORM);
        if (stride == 1 && in == out) {
            layers.add(name, new Residual(body.layers()));
        } else {
            body.layers().forEach(layer -> layers.add(layer.name(), layer.layer()));
        }
    }

    /** Channels at a width: rounded to a multiple of 8, at least 8, and never below 90% of the exact value. */
    static int scaled(int channels, double width) {
        double exact = channels * width;
        int rounded = Math.max(8, (int) (exact + 4) / 8 * 8);
        return rounded < 0.9 * exact ? rounded + 8 : rounded;
    }
}
