package separable.model;

import java.util.List;
import java.util.stream.IntStream;
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
 * @param depth      multiplies the blocks of every stage but the first and the last, rounded up. Other than 1 it also leaves the stem
 *                   and the last convolution at 32 and 1280 channels: timm's {@code mobilenetv2_110d} is width 1.1 and depth 1.2,
 *                   {@code mobilenetv2_120d} width 1.2 and depth 1.4
 * @param resolution rows and columns of a picture
 * @param stemStride 2 as published; 1 for small pictures
 * @param dropout    before the classifier; torchvision's is 0.2
 */
public record MobileNetV2(double width, double depth, int resolution, int classes, int inputChannels, int stemStride, float dropout) {

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
        if (!(depth >= 1 && depth <= 4)) {
            throw new IllegalArgumentException("MobileNetV2: depth " + depth + " must be from 1 to 4");
        }
        ModelChecks.common("MobileNetV2", width, resolution, classes, inputChannels, stemStride);
        ModelChecks.resolution("MobileNetV2", resolution, STAGES.stream().mapToInt(Stage::stride).toArray(), stemStride);
    }

    /** As published: width 1, 224 pixels, 1000 classes, 3 channels, stem stride 2, dropout 0.2. */
    public static MobileNetV2 standard() {
        return new MobileNetV2(1, 1, 224, 1000, 3, 2, 0.2f);
    }

    public MobileNetV2 withWidth(double value) {
        return new MobileNetV2(value, depth, resolution, classes, inputChannels, stemStride, dropout);
    }

    public MobileNetV2 withDepth(double value) {
        return new MobileNetV2(width, value, resolution, classes, inputChannels, stemStride, dropout);
    }

    public MobileNetV2 withInput(int pixels, int channels, int stride) {
        return new MobileNetV2(width, depth, pixels, classes, channels, stride, dropout);
    }

    public MobileNetV2 withClasses(int count) {
        return new MobileNetV2(width, depth, resolution, count, inputChannels, stemStride, dropout);
    }

    public MobileNetV2 withDropout(float rate) {
        return new MobileNetV2(width, depth, resolution, classes, inputChannels, stemStride, rate);
    }

    /** Blocks of every stage: 1, 2, 3, 4, 3, 3, 1 at depth 1. They are {@code features.1} and on; stem and last convolution surround them. */
    public List<Integer> blocks() {
        int last = STAGES.size() - 1;
        return IntStream.rangeClosed(0, last)
                .mapToObj(at -> at == 0 || at == last ? STAGES.get(at).blocks() : (int) Math.ceil(STAGES.get(at).blocks() * depth))
                .toList();
    }

    public Network network() {
        Network.Builder layers = new Network.Builder();
        boolean fixedEnds = depth != 1;
        int channels = fixedEnds ? STEM_CHANNELS : scaled(STEM_CHANNELS, width);
        layers.add("features.0.0", new Conv(channels, 3, stemStride, PadRule.SYMMETRIC, CONVOLUTION)).add("features.0.1", NORM_RELU6);
        int index = 1;
        List<Integer> blocks = blocks();
        for (int at = 0; at < STAGES.size(); at++) {
            Stage stage = STAGES.get(at);
            int out = scaled(stage.channels(), width);
            for (int block = 0; block < blocks.get(at); block++) {
                addBlock(layers, "features." + index++, channels, out, stage.expansion(), block == 0 ? stage.stride() : 1);
                channels = out;
            }
        }
        int last = fixedEnds ? LAST_CHANNELS : scaled(LAST_CHANNELS, Math.max(1, width));
        layers.add("features." + index + ".0", new PointwiseConv(last, CONVOLUTION))
                .add("features." + index + ".1", NORM_RELU6)
                .add("pool", new GlobalAveragePool())
                .add("classifier.0", new Dropout(dropout))
                .add("classifier.1", new Dense(classes, CLASSIFIER));
        return layers.build("MobileNetV2 " + width + (fixedEnds ? ", depth " + depth : ""), new Shape(1, resolution, resolution, inputChannels));
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
