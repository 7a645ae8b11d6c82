package separable.train;

import java.util.Collections;
import java.util.List;
import separable.data.KnownDataset;
import separable.data.PictureStatistics;
import separable.spec.DType;
import separable.tune.Effort;

/**
 * The values a run has where the user names none. They depend on what the user did name, and on whether the device is
 * small: there a run must be over in minutes, on a GPU it may aim for accuracy.
 */
public final class Defaults {

    /** Devices with fewer multiprocessors count as small. */
    private static final int SMALL_MULTIPROCESSORS = 8;

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
        return new RunConfig(model(model, data, small), data, recipe(model, data, dataset.statistics(), optimizer, small));
    }

    private static ModelConfig model(String name, DataConfig data, boolean small) {
        int resolution = data.size();
        int classes = data.classes().size();
        if (name.equals(ModelConfig.SEPARABLE_CNN)) {
            return ModelConfig.separableCnn(List.of(64, 64, 128, 128), resolution, data.channels(), classes);
        }
        double smallWidth = name.equals(ModelConfig.MOBILENET_V2) ? 0.35 : 0.25;
        // The papers' dropout is for a thousand classes and weeks of training; one short epoch underfits as it is.
        return ModelConfig.mobileNet(name, small ? smallWidth : 1.0, resolution, data.channels(), classes, 1, small ? 0f : 0.2f);
    }

    private static Recipe recipe(String model, DataConfig data, PictureStatistics statistics, String optimizer, boolean small) {
        boolean isCnn = model.equals(ModelConfig.SEPARABLE_CNN);
        String rule = optimizer != null ? optimizer : isCnn ? "adam" : "nesterov";
        boolean flip = !data.dataset().equals(KnownDataset.MNIST.toString());     // a mirrored digit is another digit or none
        int crop = small ? 0 : data.channels() == 3 ? 4 : 2;
        List<Float> halves = Collections.nCopies(data.channels(), 0.5f);     // x / 127.5 - 1
        InputConfig input = new InputConfig(isCnn ? halves : statistics.mean(), isCnn ? halves : statistics.deviation(), 1,
                AugmentConfig.NONE.withCrop(crop).withFlip(flip, false));
        return new Recipe(small ? 2 : 20, small ? 64 : 256, (small ? DType.F32 : DType.BF16).toString(), 1, true, Effort.OFF.toString(),
                optimizer(rule), ScheduleConfig.usual("cosine", small ? 0.25 : 2, small ? 2 : 20), UpdateConfig.PLAIN, input, EvaluationConfig.EPOCHS);
    }

    private static OptimizerConfig optimizer(String name) {
        return switch (name) {
            case "adam" -> new OptimizerConfig(name, 1e-3f, 0f, 0.9f, 0f);
            case "adamw" -> new OptimizerConfig(name, 1e-3f, 0.01f, 0.9f, 0f);
            case "rmsprop" -> new OptimizerConfig(name, 0.01f, 4e-5f, 0.9f, 0f);
            default -> new OptimizerConfig(name, 0.1f, 5e-4f, 0.9f, 0f);
        };
    }
}
