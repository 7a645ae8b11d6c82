package separable.train;

import java.util.Collections;
import java.util.List;
import separable.data.KnownDataset;
import separable.spec.DType;
import separable.spec.Labels;

/**
 * Published ways to train, as whole sets of values. Each leaves to the run what depends on pictures and machine: the data set with its
 * mean and deviation, resolution, classes and stem stride, seed and captured graphs. Pictures of at least {@value #LARGE} pixels get the
 * published resized crops, smaller ones padded crops: little would be left of them. A learning rate is that of the recipe's own batch: with
 * another it is the user's to scale.
 */
public enum NamedRecipe {

    /**
     * MobileNetV1, Howard et al. 2017, section 3.2: RMSProp as for Inception V3, less augmentation, no label smoothing, no weight decay on
     * depthwise filters. What the paper leaves open is Inception V3's (Szegedy et al. 2016, section 8: rate 0.045, 0.94 every so often,
     * averaged weights) and TF-slim's {@code mobilenet_v1_train.py} (0.94 in stairs of 2.5 epochs, batch 64, weight decay 4e-5, dropout
     * 0.001, pixels from -1 to 1, averages that keep 0.9999). The number of epochs is ours: until the rate is below a hundredth.
     */
    PAPER_V1("paper-v1", ModelConfig.MOBILENET_V1) {
        @Override
        public RunConfig over(RunConfig base) {
            OptimizerConfig rule = new OptimizerConfig("rmsprop", 0.045f, 4e-5f, 0.9f, 0f);
            UpdateConfig update = UpdateConfig.PLAIN.withDecayOn("no-depthwise").withEma(0.9999f);
            return with(base, 0.001f, ModelConfig.TF_SLIM, 200, 64, rule, new ScheduleConfig("step", 0, 0.94, 2.5), update,
                    new InputConfig(halves(base), halves(base), base.recipe().input().centre(), augment(base, GENTLE_CROPS, 0)));
        }
    },

    /**
     * MobileNetV2, Sandler et al. 2018, section 6.1: RMSProp with decay and momentum 0.9, weight decay 4e-5, rate 0.045 times 0.98 an epoch,
     * batch 96 (of each of 16 workers there). Label smoothing 0.1, averages that keep 0.9999 and pixels from -1 to 1 are of the authors'
     * command in TF-slim's {@code nets/mobilenet/README.md}, as is no weight decay on depthwise filters of its {@code training_scope}. The
     * network is torchvision's, with its batch normalisation. The number of epochs is torchvision's.
     */
    PAPER_V2("paper-v2", ModelConfig.MOBILENET_V2) {
        @Override
        public RunConfig over(RunConfig base) {
            OptimizerConfig rule = new OptimizerConfig("rmsprop", 0.045f, 4e-5f, 0.9f, 0.1f);
            UpdateConfig update = UpdateConfig.PLAIN.withDecayOn("no-depthwise").withEma(0.9999f);
            return with(base, 0.2f, ModelConfig.TIMM, 300, 96, rule, new ScheduleConfig("step", 0, 0.98, 1), update,
                    new InputConfig(halves(base), halves(base), base.recipe().input().centre(), augment(base, RESIZED_CROPS, 0)));
        }
    },

    /**
     * torchvision's {@code references/classification/README.md} for {@code mobilenet_v2}: SGD with momentum 0.9, rate 0.045 times 0.98 an
     * epoch, weight decay 4e-5 on all parameters, 300 epochs, batch 256 (32 on each of 8 GPUs), random resized crops and flips; in evaluation
     * the middle 224 of 256 pixels, which is what pictures of a folder have anyway.
     */
    TORCHVISION("torchvision", ModelConfig.MOBILENET_V2) {
        @Override
        public RunConfig over(RunConfig base) {
            OptimizerConfig rule = new OptimizerConfig("sgd", 0.045f, 4e-5f, 0.9f, 0f);
            InputConfig input = base.recipe().input();
            return with(base, 0.2f, ModelConfig.TIMM, 300, 256, rule, new ScheduleConfig("step", 0, 0.98, 1), UpdateConfig.PLAIN.withDecayOn("all"),
                    new InputConfig(input.mean(), input.deviation(), base.recipe().input().centre(), augment(base, RESIZED_CROPS, 0)));
        }
    },

    /**
     * Ours, for MobileNetV2 on CIFAR-10 in minutes on a GPU, aimed at 92% of the test pictures and not yet measured on one. Nesterov SGD with
     * a cosine from 0.2 at batch 256 and weight decay 5e-4, as common for this data set since Loshchilov and Hutter 2017; no decay on batch
     * normalisations and biases and label smoothing 0.1 (He et al. 2019, "Bag of Tricks"); padded crops and flips (He et al. 2016), erasing
     * (Zhong et al. 2017); averages that keep 0.999. No dropout: the erased patches are enough for so few epochs.
     */
    CIFAR_FAST("cifar-fast", ModelConfig.MOBILENET_V2) {
        @Override
        public RunConfig over(RunConfig base) {
            OptimizerConfig rule = new OptimizerConfig("nesterov", 0.2f, 5e-4f, 0.9f, 0.1f);
            InputConfig input = base.recipe().input();
            return with(base, 0f, ModelConfig.TIMM, 100, 256, rule, new ScheduleConfig("cosine", 5, 1, 1),
                    UpdateConfig.PLAIN.withDecayOn("weights").withEma(0.999f),
                    new InputConfig(input.mean(), input.deviation(), base.recipe().input().centre(), augment(base, RESIZED_CROPS, 0.25f)));
        }
    };

    /** Pictures of at least so many pixels a side are treated as the papers treat ImageNet's. */
    private static final int LARGE = 96;

    /** Smallest share of a picture's area in a random crop: torchvision's and Inception's; and where a paper asks for less augmentation. */
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
        Recipe run = base.recipe();
        Recipe recipe = new Recipe(epochs, batch, DType.BF16.toString(), run.seed(), run.graph(), run.tune(), rule, schedule, update, input,
                run.evaluation());
        return new RunConfig(base.version(), model(base.model(), dropout, style), base.data(), recipe, base.start());
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

    private static List<Float> halves(RunConfig base) {
        return Collections.nCopies(base.data().channels(), 0.5f);
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
