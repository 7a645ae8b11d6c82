package separable.train;

import java.util.Collections;
import java.util.List;
import separable.data.KnownDataset;
import separable.spec.Precision;
import separable.spec.Labels;

/**
 * Published ways to train, as whole sets of values. Each leaves to the run what depends on pictures and machine: the data set with its
 * mean and deviation, resolution, classes and stem stride, seed and captured graphs. Pictures of at least {@value #LARGE} pixels get the
 * published resized crops, smaller ones padded crops: little would be left of them. A learning rate is that of the recipe's own batch: with
 * another it is the user's to scale.
 */
public enum NamedRecipe {

    /**
     * MobileNetV1. Each value's source:
     *
     * <ul><li>Howard et al. 2017, section 3.2: RMSProp as for Inception V3, no label smoothing, no or little weight decay on depthwise
     * filters (none here), less augmentation. It gives no numbers.</li>
     * <li>Szegedy et al. 2016 (Inception V3), section 8: the rate 0.045, its fall by 0.94, evaluation of averaged weights. Its clipping is
     * left out.</li>
     * <li>TF-slim's {@code train_image_classifier.py}, flag {@code rmsprop_momentum}: momentum 0.9.</li>
     * <li>TF-slim's {@code nets/mobilenet_v1_train.py}: 0.045 and 0.94 too, in stairs of 2.5 epochs, batch 64. Its rule is plain gradient
     * descent, its purpose quantisation.</li>
     * <li>TF-slim's {@code nets/mobilenet_v1.py}: weight decay 4e-5 and none on depthwise filters ({@code mobilenet_v1_arg_scope}), dropout
     * 0.001 ({@code dropout_keep_prob} 0.999), SAME padding and the batch normalisation of the style.</li>
     * <li>TF-slim's {@code preprocessing/inception_preprocessing.py}: pixels from -1 to 1.</li>
     * <li>Averages that keep 0.9999: of V1 nothing is published; this is the number of V2's command, as in {@link #PAPER_V2}.</li>
     * <li>Ours: 200 epochs, until the rate is below a hundredth; crops from 0.35 of the area as the "less augmentation"; bf16.</li></ul>
     */
    PAPER_V1("paper-v1", ModelConfig.MOBILENET_V1) {
        @Override
        public RunConfig over(RunConfig base) {
            OptimizerConfig rule = new OptimizerConfig("rmsprop", 0.045f, 4e-5f, 0.9f, 0f);
            UpdateConfig update = UpdateConfig.PLAIN.withDecayOn("no-depthwise").withEma(0.9999f);
            return with(base, 0.001f, ModelConfig.TF_SLIM, 200, 64, rule, new ScheduleConfig("step", 0, 0.94, 2.5), update,
                    halved(base).withAugment(augment(base, GENTLE_CROPS, 0)));
        }
    },

    /**
     * MobileNetV2. Each value's source:
     *
     * <ul><li>Sandler et al. 2018, section 6.1: RMSProp with decay and momentum 0.9, weight decay 4e-5, rate 0.045 times 0.98 an epoch, batch
     * 96 (of each of 16 workers there).</li>
     * <li>The authors' command in TF-slim's {@code nets/mobilenet/README.md}: label smoothing 0.1, averages that keep 0.9999, and its
     * {@code preprocessing/inception_preprocessing.py}: flips, crops, pixels from -1 to 1, but not its colours. The command has 0.98 every
     * 2.5 epochs of one GPU; the paper's stairs are taken here.</li>
     * <li>Szegedy et al. 2014 (Inception), section 6: crops from 0.08 of the area.</li>
     * <li>TF-slim's {@code nets/mobilenet/mobilenet.py}: no weight decay on depthwise filters ({@code training_scope}).</li>
     * <li>torchvision: the network with its batch normalisation and dropout 0.2, and 300 epochs, as in {@link #TORCHVISION}.</li>
     * <li>Ours: bf16.</li></ul>
     */
    PAPER_V2("paper-v2", ModelConfig.MOBILENET_V2) {
        @Override
        public RunConfig over(RunConfig base) {
            OptimizerConfig rule = new OptimizerConfig("rmsprop", 0.045f, 4e-5f, 0.9f, 0.1f);
            UpdateConfig update = UpdateConfig.PLAIN.withDecayOn("no-depthwise").withEma(0.9999f);
            return with(base, 0.2f, ModelConfig.TIMM, 300, 96, rule, new ScheduleConfig("step", 0, 0.98, 1), update,
                    halved(base).withAugment(augment(base, RESIZED_CROPS, 0)));
        }
    },

    /**
     * torchvision's MobileNetV2. Each value's source:
     *
     * <ul><li>{@code references/classification/README.md}, {@code mobilenet_v2}: rate 0.045 times 0.98 an epoch, weight decay 4e-5, 300
     * epochs, 8 GPUs.</li>
     * <li>Defaults of {@code train.py} there: SGD with momentum 0.9, 32 pictures a GPU and so batch 256, weight decay on all parameters, no
     * label smoothing, no averages.</li>
     * <li>Its {@code presets.py}: random resized crops (torchvision's own from 0.08 of the area) and flips; in evaluation the middle 224 of
     * 256 pixels, which is what pictures of a folder have anyway; ImageNet's mean and deviation, here the data set's.</li>
     * <li>{@code torchvision.models.mobilenet_v2}: dropout 0.2.</li>
     * <li>Ours: bf16.</li></ul>
     */
    TORCHVISION("torchvision", ModelConfig.MOBILENET_V2) {
        @Override
        public RunConfig over(RunConfig base) {
            OptimizerConfig rule = new OptimizerConfig("sgd", 0.045f, 4e-5f, 0.9f, 0f);
            return with(base, 0.2f, ModelConfig.TIMM, 300, 256, rule, new ScheduleConfig("step", 0, 0.98, 1), UpdateConfig.PLAIN.withDecayOn("all"),
                    base.recipe().input().withAugment(augment(base, RESIZED_CROPS, 0)));
        }
    },

    /**
     * Ours, for MobileNetV2 on CIFAR-10 in minutes on a GPU, aimed at 92% of the test pictures and not yet measured on one. Nesterov SGD with
     * a cosine from 0.2 at batch 256 and weight decay 5e-4, as common for this data set since Loshchilov and Hutter 2017; no decay on batch
     * normalisations and biases and label smoothing 0.1 (He et al. 2019, "Bag of Tricks"); padded crops and flips (He et al. 2016), erasing
     * (Zhong et al. 2017). The rest is nobody's but ours: 100 epochs, a warm-up of 5, momentum 0.9, a quarter of the pictures erased, averages
     * that keep 0.999, no dropout (the erased patches are enough for so few epochs), bf16.
     */
    CIFAR_FAST("cifar-fast", ModelConfig.MOBILENET_V2) {
        @Override
        public RunConfig over(RunConfig base) {
            OptimizerConfig rule = new OptimizerConfig("nesterov", 0.2f, 5e-4f, 0.9f, 0.1f);
            return with(base, 0f, ModelConfig.TIMM, 100, 256, rule, new ScheduleConfig("cosine", 5, 1, 1),
                    UpdateConfig.PLAIN.withDecayOn("weights").withEma(0.999f),
                    base.recipe().input().withAugment(augment(base, RESIZED_CROPS, 0.25f)));
        }
    };

    /** Pictures of at least so many pixels a side are treated as the papers treat ImageNet's. */
    private static final int LARGE = 96;

    /** Smallest share of a picture's area in a random crop: torchvision's and Inception's; and, ours, where a paper asks for less augmentation. */
    private static final float RESIZED_CROPS = 0.08f;
    private static final float GENTLE_CROPS = 0.35f;

    /** Pixels around small colour pictures before a crop, and around grey ones. */
    private static final int COLOUR_PADDING = 4;
    private static final int GREY_PADDING = 2;

    private final String label;
    private final String model;

    NamedRecipe(String label, String model) {
        this.label = label;
        this.model = model;
    }

    /** @throws IllegalArgumentException naming the recipes there are */
    public static NamedRecipe parse(String label) {
        return Labels.parse(NamedRecipe.class, label, "recipe");
    }

    /** The network the recipe is for, where none is named. */
    public String model() {
        return model;
    }

    /** Whether mean and deviation are the data set's; else they are a half each. */
    public boolean takesStatistics() {
        return this == TORCHVISION || this == CIFAR_FAST;
    }

    /** {@code base} with the recipe's values in place of its own. */
    public abstract RunConfig over(RunConfig base);

    /** @param style of a MobileNetV1; others have none */
    private static RunConfig with(RunConfig base, float dropout, String style, int epochs, int batch, OptimizerConfig rule, ScheduleConfig schedule,
                                  UpdateConfig update, InputConfig input) {
        Recipe recipe = base.recipe().withEpochs(epochs, schedule).withBatch(batch).withPrecision(Precision.BF16).withOptimizer(rule).withUpdate(update)
                .withInput(input);
        return base.withModel(model(base.model(), dropout, style)).withRecipe(recipe);
    }

    private static ModelConfig model(ModelConfig base, float dropout, String style) {
        if (base.name().equals(ModelConfig.SEPARABLE_CNN)) {
            return base;
        }
        return new ModelConfig(base.name(), 1, base.depth(), base.resolution(), base.inputChannels(), base.classes(), base.stemStride(), dropout,
                base.name().equals(ModelConfig.MOBILENET_V1) ? style : base.style(), base.blocks());
    }

    private static boolean isLarge(ModelConfig model) {
        return model.resolution() >= LARGE;
    }

    /** Pixels from -1 to 1. */
    private static InputConfig halved(RunConfig base) {
        List<Float> halves = Collections.nCopies(base.data().channels(), 0.5f);
        return base.recipe().input().withStatistics(halves, halves);
    }

    /** Crops and flips, but of digits, of which a mirrored one is another or none. */
    private static AugmentConfig augment(RunConfig base, float smallestCrop, float erase) {
        boolean large = isLarge(base.model());
        int padding = large ? 0 : base.data().channels() == 1 ? GREY_PADDING : COLOUR_PADDING;
        boolean flip = !base.data().dataset().equals(KnownDataset.MNIST.toString());
        return new AugmentConfig(padding, large ? smallestCrop : 1, flip, false, 0, 0, 0, 0, 0, erase, 0, 0);
    }

    @Override
    public String toString() {
        return label;
    }
}
