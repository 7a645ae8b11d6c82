package separable.cli;

import static separable.cli.ModelOptions.or;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;
import separable.bench.StepBench;
import separable.bench.StepCase;
import separable.graph.PlanOptions;
import separable.graph.Schedule;
import separable.train.ModelConfig;
import separable.tune.Effort;

/** The options of {@code separable bench step}. Null where the user named nothing. */
final class BenchStepOptions {

    /** What is measured where nothing is named: on a small device, some seconds' work. */
    private record Defaults(int resolution, int batch, String precision, int warmUp, int samples, double seconds) {
        static final Defaults GPU = new Defaults(224, 256, "bf16", 20, 20, 0.2);
        static final Defaults SMALL = new Defaults(32, 8, "fp32", 3, 5, 0.2);

        static Defaults of(boolean small) {
            return small ? SMALL : GPU;
        }
    }

    private static final int COLOURS = 3;
    private static final int CLASSES = 1000;
    /** As the papers have it, for pictures of any size. */
    private static final int STEM_STRIDE = 2;
    /** Torchvision's for MobileNetV2; timm's MobileNetV1 has none. */
    private static final float V2_DROPOUT = 0.2f;

    @Option(names = "--model", paramLabel = "NAME", split = ",", hideParamSyntax = true,
            description = "mobilenet-v1 (default), mobilenet-v2, or both with a comma")
    List<String> models;

    @Option(names = "--width", paramLabel = "X", description = "width multiplier (default: 1)")
    Double width;

    @Option(names = "--resolution", paramLabel = "PIXELS", split = ",", hideParamSyntax = true,
            description = "side of the input, or several with commas (default: 224; 32 on a small device)")
    List<Integer> resolutions;

    @Option(names = "--batch", paramLabel = "N", split = ",", hideParamSyntax = true,
            description = "pictures of a step, or several with commas (default: 256; 8 on a small device)")
    List<Integer> batches;

    @Option(names = "--precision", paramLabel = "NAME", split = ",", hideParamSyntax = true,
            description = "as train has it, or several with commas (default: bf16; fp32 on a small device)")
    List<String> precisions;

    @Option(names = "--schedule", paramLabel = "NAME", split = ",", hideParamSyntax = true,
            description = "plain: every op a kernel of its own; fused: convolutions with what lies around them; or both with a comma (default: fused)")
    List<String> schedules;

    @Option(names = "--optimizer", paramLabel = "NAME", defaultValue = "sgd",
            description = "sgd (default, with momentum), nesterov, rmsprop, adam or adamw")
    String optimizer;

    @Option(names = "--ema", paramLabel = "DECAY", description = "also average weights and running statistics (default: no)")
    Float ema;

    @Option(names = "--tune", paramLabel = "EFFORT", defaultValue = "off",
            description = "off (default), quick or full: measure the plain schedule's kernels of convolutions first")
    String tune;

    @Option(names = "--warm-up", paramLabel = "N", description = "steps before the first sample (default: 20; 3 on a small device)")
    Integer warmUp;

    @Option(names = "--samples", paramLabel = "N", description = "how often the time is taken (default: 20; 5 on a small device)")
    Integer samples;

    @Option(names = "--seconds", paramLabel = "X", description = "of a sample, in whole steps (default: 0.2)")
    Double seconds;

    @Option(names = "--launches", description = "also time every launch of the plan by itself, and print a row for each")
    boolean launches;

    @Option(names = "--json", paramLabel = "FILE", description = "also write the figures there")
    Path json;

    /**
     * Every combination of what was named.
     *
     * @param small whether the device is small
     * @throws IllegalArgumentException when an option's value is not possible
     */
    List<StepCase> cases(boolean small) {
        Defaults defaults = Defaults.of(small);
        List<StepCase> cases = new ArrayList<>();
        for (String model : or(models, List.of(ModelConfig.MOBILENET_V1))) {
            for (int resolution : or(resolutions, List.of(defaults.resolution()))) {
                for (int batch : or(batches, List.of(defaults.batch()))) {
                    for (String precision : or(precisions, List.of(defaults.precision()))) {
                        for (String schedule : or(schedules, List.of(PlanOptions.standard().schedule().toString()))) {
                            cases.add(new StepCase(model(model, resolution), batch, precision, Schedule.parse(schedule), optimizer, or(ema, 0f),
                                    Effort.parse(tune)));
                        }
                    }
                }
            }
        }
        return cases;
    }

    private ModelConfig model(String name, int resolution) {
        if (!name.equals(ModelConfig.MOBILENET_V1) && !name.equals(ModelConfig.MOBILENET_V2)) {
            throw new IllegalArgumentException("unknown model '" + name + "': use mobilenet-v1 or mobilenet-v2");
        }
        ModelConfig model = ModelConfig.mobileNet(name, or(width, 1.0), resolution, COLOURS, CLASSES, STEM_STRIDE,
                name.equals(ModelConfig.MOBILENET_V2) ? V2_DROPOUT : 0);
        model.network();    // says so now where the strides are too many for the resolution
        return model;
    }

    /** @throws IllegalArgumentException when an option's value is not possible */
    StepBench.Rules rules(boolean small) {
        Defaults defaults = Defaults.of(small);
        return new StepBench.Rules(or(warmUp, defaults.warmUp()), or(samples, defaults.samples()), or(seconds, defaults.seconds()), launches);
    }
}
