package separable.model;

import java.util.List;
import java.util.Objects;
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
import separable.layer.Weights;
import separable.spec.Activation;
import separable.spec.Shape;

/**
 * MobileNetV1 (Howard et al., 2017), with ReLU6 as in TF-slim. At width 1 and 1000 classes: 4,231,976 parameters,
 * 568,740,352 multiply-adds at 224. Saved under the names of timm's {@code mobilenetv1_100} in either {@link Style}.
 *
 * <p>Convolutions start as timm's: normal with variance 2/fan_out, a depthwise filter's fan_out being its taps; the
 * classifier N(0, 0.01). No weight decay on depthwise filters, as the paper has it.
 *
 * @param width      multiplies every channel count: {@code max(int(channels * width), 8)}
 * @param resolution rows and columns of a picture
 * @param stemStride 2 as published; 1 for small pictures
 * @param dropout    before the classifier; TF-slim's is 0.001
 */
public record MobileNetV1(double width, int resolution, int classes, int inputChannels, int stemStride, float dropout, Style style) {

    /** The two published variants; they differ in padding and batch normalisation only. */
    public enum Style {
        /** SAME padding, epsilon 1e-3, decay 0.9997. */
        TF_SLIM(PadRule.SAME, 1e-3f, 0.0003f),
        /** Symmetric padding, epsilon 1e-5, momentum 0.1: timm's weights load. */
        TIMM(PadRule.SYMMETRIC, 1e-5f, 0.1f);

        private final PadRule pad;
        private final BatchNorm norm;

        Style(PadRule pad, float epsilon, float momentum) {
            this.pad = pad;
            this.norm = new BatchNorm(Activation.RELU6, epsilon, momentum);
        }
    }

    /** Output channels, blocks, stride of the first: table 1 of the paper, in timm's stages. */
    private record Stage(int channels, int blocks, int stride) {}

    private static final List<Stage> STAGES = List.of(
            new Stage(64, 1, 1),
            new Stage(128, 2, 2),
            new Stage(256, 2, 2),
            new Stage(512, 6, 2),
            new Stage(1024, 2, 2));
    private static final int STEM_CHANNELS = 32;

    private static final Weights CONVOLUTION = Weights.withoutBias(Initial.KAIMING_FAN_OUT_PER_GROUP);
    private static final Weights DEPTHWISE = CONVOLUTION.withoutDecay();
    private static final Weights CLASSIFIER = Weights.withBias(Initial.normal(0.01));

    public MobileNetV1 {
        Objects.requireNonNull(style, "style");
        ModelChecks.common("MobileNetV1", width, resolution, classes, inputChannels, stemStride);
        ModelChecks.resolution("MobileNetV1", resolution, STAGES.stream().mapToInt(Stage::stride).toArray(), stemStride);
    }

    /** TF-slim's: width 1, 224 pixels, 1000 classes, 3 channels, stem stride 2, dropout 0.001. */
    public static MobileNetV1 standard() {
        return new MobileNetV1(1, 224, 1000, 3, 2, 0.001f, Style.TF_SLIM);
    }

    public MobileNetV1 withWidth(double value) {
        return new MobileNetV1(value, resolution, classes, inputChannels, stemStride, dropout, style);
    }

    public MobileNetV1 withInput(int pixels, int channels, int stride) {
        return new MobileNetV1(width, pixels, classes, channels, stride, dropout, style);
    }

    public MobileNetV1 withClasses(int count) {
        return new MobileNetV1(width, resolution, count, inputChannels, stemStride, dropout, style);
    }

    public MobileNetV1 withDropout(float rate) {
        return new MobileNetV1(width, resolution, classes, inputChannels, stemStride, rate, style);
    }

    public MobileNetV1 withStyle(Style value) {
        return new MobileNetV1(width, resolution, classes, inputChannels, stemStride, dropout, value);
    }

    public Network network() {
        Network.Builder layers = new Network.Builder()
                .add("conv_stem", new Conv(scaled(STEM_CHANNELS), 3, stemStride, style.pad, CONVOLUTION))
                .add("bn1", style.norm);
        for (int stage = 0; stage < STAGES.size(); stage++) {
            Stage row = STAGES.get(stage);
            for (int block = 0; block < row.blocks(); block++) {
                String name = "blocks." + stage + "." + block;
                layers.add(name + ".conv_dw", new DepthwiseConv(3, block == 0 ? row.stride() : 1, 1, style.pad, DEPTHWISE))
                        .add(name + ".bn1", style.norm)
                        .add(name + ".conv_pw", new PointwiseConv(scaled(row.channels()), CONVOLUTION))
                        .add(name + ".bn2", style.norm);
            }
        }
        return layers.add("pool", new GlobalAveragePool())
                .add("dropout", new Dropout(dropout))
                .add("classifier", new Dense(classes, CLASSIFIER))
                .build("MobileNetV1 " + width, new Shape(1, resolution, resolution, inputChannels));
    }

    /** Whether the width leaves the same channels here as where they are rounded to multiples of 8, which timm does. */
    public boolean hasRoundChannels() {
        return IntStream.concat(IntStream.of(STEM_CHANNELS), STAGES.stream().mapToInt(Stage::channels))
                .allMatch(channels -> scaled(channels) == MobileNetV2.scaled(channels, width));
    }

    private int scaled(int channels) {
        return Math.max((int) (channels * width), 8);
    }
}
