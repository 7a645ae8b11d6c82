package separable.train;

import java.util.Collections;
import java.util.List;
import separable.data.KnownDataset;
import separable.data.PictureStatistics;
import separable.graph.PlanOptions;
import separable.spec.Precision;
import separable.tune.Effort;

/**
 * The values a run has where the user names none. They depend on what the user did name, and on whether the device is
 * small: there a run must be over in minutes, on a GPU it may aim for accuracy.
 */
public final class Defaults {

    /** Devices with fewer multiprocessors count as small. */
    private static final int SMALL_MULTIPROCESSORS = 8;

    /** Inputs from this size on begin with a stride of 2, as in the papers. */
    private static final int SMALLEST_WITH_STRIDE = 64;

    /** Of 256 pixels evaluation looks at 224. */
    private static final float USUAL_CENTRE = 0.875f;
    private static final float LEAST_CENTRE = 0.75f;

    private Defaults() {
    }

    public static boolean isSmall(int multiprocessors) {
        return multiprocessors < SMALL_MULTIPROCESSORS;
    }

    /** The whole configuration for a model with its own optimiser, on a data set. */
    public static RunConfig of(String model, KnownDataset dataset, boolean small) {
        return of(model, dataset, null, small);
    }

    /** The whole configuration for a model, data set and optimiser. {@code optimizer} null: the model's own. */
    public static RunConfig of(String model, KnownDataset dataset, String optimizer, boolean small) {
        Check.oneOf("model", model, ModelConfig.NAMES);
        if (optimizer != null) {
            Check.oneOf("optimizer", optimizer, OptimizerConfig.NAMES);
        }
        DataConfig data = DataConfig.of(dataset, dataset.defaultFolder().toString());
        boolean flip = dataset != KnownDataset.MNIST;     // a mirrored digit is another digit or none
        int crop = small ? 0 : data.channels() == 3 ? 4 : 2;
        InputConfig input = input(model, dataset.statistics(), 1, AugmentConfig.NONE.withCrop(crop).withFlip(flip, false));
        return new RunConfig(model(model, data, data.size(), small), data, recipe(model, input, optimizer, small));
    }

    /**
     * The whole configuration for a model on a folder of pictures. Mean and deviation are those of the separable CNN, 1/2, for every model:
     * better ones are known when the pictures are decoded.
     *
     * @param resolution side of the network's input
     */
    public static RunConfig ofFolder(String model, DataConfig data, int resolution, String optimizer, boolean small) {
        Check.oneOf("model", model, ModelConfig.NAMES);
        if (optimizer != null) {
            Check.oneOf("optimizer", optimizer, OptimizerConfig.NAMES);
        }
        List<Float> halves = Collections.nCopies(data.channels(), 0.5f);
        AugmentConfig plain = AugmentConfig.NONE.withFlip(true, false);
        AugmentConfig augment = small ? plain : plain.withMinArea(0.25f);
        InputConfig input = input(model, new PictureStatistics(halves, halves), centre(resolution, data.size()), augment);
        return new RunConfig(model(model, data, resolution, small), data, recipe(model, input, optimizer, small));
    }

    /** Side of the network's input for a folder of pictures. */
    public static int folderResolution(boolean small) {
        return small ? 64 : 224;
    }

    /** Side that a folder's pictures are kept at for a network's input: as much larger as 256 is than 224, in steps of 8. */
    public static int pictureSize(int resolution) {
        return Math.max(resolution, Math.round(resolution / USUAL_CENTRE / 8) * 8);
    }

    /** The share of a picture's side that evaluation looks at: exactly the input's pixels where that is about the usual share. */
    private static float centre(int resolution, int size) {
        float share = (float) resolution / size;
        return share >= 1 ? 1 : share >= LEAST_CENTRE ? share : USUAL_CENTRE;
    }

    private static ModelConfig model(String name, DataConfig data, int resolution, boolean small) {
        int classes = data.classes().size();
        if (name.equals(ModelConfig.SEPARABLE_CNN)) {
            return ModelConfig.separableCnn(List.of(64, 64, 128, 128), resolution, data.channels(), classes);
        }
        double smallWidth = name.equals(ModelConfig.MOBILENET_V2) ? 0.35 : 0.25;
        // The papers' dropout is for a thousand classes and weeks of training; one short epoch underfits as it is.
        int stemStride = resolution < SMALLEST_WITH_STRIDE ? 1 : 2;
        return ModelConfig.mobileNet(name, small ? smallWidth : 1.0, resolution, data.channels(), classes, stemStride, small ? 0f : 0.2f);
    }

    private static InputConfig input(String model, PictureStatistics statistics, float centre, AugmentConfig augment) {
        if (model.equals(ModelConfig.SEPARABLE_CNN)) {
            List<Float> halves = Collections.nCopies(statistics.mean().size(), 0.5f);     // x / 127.5 - 1
            return InputConfig.of(halves, halves).withCentre(centre).withAugment(augment);
        }
        return InputConfig.of(statistics.mean(), statistics.deviation()).withCentre(centre).withAugment(augment);
    }

    /** How a model is trained, on pictures treated as {@code input} says, with its own optimiser. */
    public static Recipe recipe(String model, InputConfig input, boolean small) {
        Check.oneOf("model", model, ModelConfig.NAMES);
        return recipe(model, input, null, small);
    }

    private static Recipe recipe(String model, InputConfig input, String optimizer, boolean small) {
        String rule = optimizer != null ? optimizer : model.equals(ModelConfig.SEPARABLE_CNN) ? "adam" : "nesterov";
        return new Recipe(small ? 2 : 20, small ? 64 : 256, (small ? Precision.FP32 : Precision.BF16).toString(), 1, true, Effort.OFF.toString(),
                PlanOptions.standard().schedule().toString(), optimizer(rule), ScheduleConfig.usual("cosine", small ? 0.25 : 2, small ? 2 : 20), UpdateConfig.PLAIN, input, EvaluationConfig.EPOCHS);
    }

    /** A rule with its usual rate, decay and momentum, and no label smoothing. */
    public static OptimizerConfig optimizer(String name) {
        return switch (name) {
            case "adam" -> new OptimizerConfig(name, 1e-3f, 0f, 0.9f, 0f);
            case "adamw" -> new OptimizerConfig(name, 1e-3f, 0.01f, 0.9f, 0f);
            case "rmsprop" -> new OptimizerConfig(name, 0.01f, 4e-5f, 0.9f, 0f);
            default -> new OptimizerConfig(name, 0.1f, 5e-4f, 0.9f, 0f);
        };
    }
}
