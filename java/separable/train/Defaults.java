package separable.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import separable.data.KnownDataset;
import separable.spec.DType;

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

    /** The whole configuration for a model, data set and optimiser. {@code optimizer} null: the model's own. */
    public static RunConfig of(String model, KnownDataset dataset, String optimizer, boolean small) {
        String rule = optimizer != null ? optimizer : model.equals(ModelConfig.SEPARABLE_CNN) ? "adam" : "nesterov";
        int epochs = small ? 1 : 20;
        return new RunConfig(RunConfig.VERSION, model(model, dataset, small), data(model, dataset, small),
                optimizer(rule, small ? 0.25 : 2), epochs, small ? 64 : 256,
                (small ? DType.F32 : DType.BF16).toString(), 1, true);
    }

    private static ModelConfig model(String name, KnownDataset dataset, boolean small) {
        int resolution = dataset == KnownDataset.CIFAR10 ? 32 : 28;
        boolean mobileNet = !name.equals(ModelConfig.SEPARABLE_CNN);
        double smallWidth = name.equals(ModelConfig.MOBILENET_V2) ? 0.35 : 0.25;
        double width = mobileNet && small ? smallWidth : 1.0;
        // The papers' dropout is for a thousand classes and weeks of training; one short epoch underfits as it is.
        float dropout = mobileNet && !small ? 0.2f : 0f;
        return new ModelConfig(name, width, resolution, dataset.channels(), dataset.classes().size(), mobileNet ? 1 : 2,
                dropout, mobileNet ? List.of() : List.of(64, 64, 128, 128));
    }

    private static DataConfig data(String model, KnownDataset dataset, boolean small) {
        boolean flip = dataset != KnownDataset.MNIST;     // a mirrored digit is another digit or none
        int crop = small ? 0 : dataset == KnownDataset.CIFAR10 ? 4 : 2;
        boolean halves = model.equals(ModelConfig.SEPARABLE_CNN);     // x / 127.5 - 1
        return new DataConfig(dataset.toString(), dataset.defaultFolder().toString(),
                halves ? halves(dataset.channels()) : list(dataset.mean()),
                halves ? halves(dataset.channels()) : list(dataset.deviation()), flip, crop);
    }

    private static OptimizerConfig optimizer(String name, double warmupEpochs) {
        return switch (name) {
            case "adam" -> new OptimizerConfig(name, 1e-3f, warmupEpochs, 0f, 0f, 0f);
            case "adamw" -> new OptimizerConfig(name, 1e-3f, warmupEpochs, 0.01f, 0f, 0f);
            case "rmsprop" -> new OptimizerConfig(name, 0.01f, warmupEpochs, 4e-5f, 0.9f, 0f);
            default -> new OptimizerConfig(name, 0.1f, warmupEpochs, 5e-4f, 0.9f, 0f);
        };
    }

    private static List<Float> halves(int channels) {
        return Collections.nCopies(channels, 0.5f);
    }

    private static List<Float> list(float[] values) {
        List<Float> list = new ArrayList<>();
        for (float value : values) {
            list.add(value);
        }
        return list;
    }
}
