package separable.cli;

import static separable.cli.ModelOptions.or;

import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;
import separable.bench.BenchShape;
import separable.bench.ConvFamily;
import separable.bench.KernelBench;
import separable.bench.NetworkShapes;
import separable.bench.ShapeFile;
import separable.spec.Precision;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.train.ModelConfig;
import separable.tune.Stopwatch;

/** The options of {@code separable bench kernels}. Null where the user named nothing. */
final class BenchKernelsOptions {

    /** What is measured where nothing is named: on a small device, a minute's work. */
    private record Defaults(int resolution, int batch, List<String> precisions, int rounds, double seconds) {
        static final Defaults GPU = new Defaults(224, 128, List.of("fp32", "bf16"), 200, 2);
        static final Defaults SMALL = new Defaults(64, 2, List.of("fp32"), 20, 0.3);

        static Defaults of(boolean small) {
            return small ? SMALL : GPU;
        }
    }

    private static final int LEAST_ROUNDS = 15;
    /** A median known to this share of itself is good enough. */
    private static final double PRECISION = 0.005;
    /** A variant that takes so many times as long as the fastest is not worth more than its warm-up. */
    private static final double HOPELESS = 4;
    private static final int COLOURS = 3;
    /** The classifier is not measured. */
    private static final int ANY_CLASSES = 1000;

    @Option(names = "--shapes", paramLabel = "NAME|FILE", defaultValue = ModelConfig.MOBILENET_V1,
            description = "mobilenet-v1 (default), mobilenet-v2, or a file of comma-separated shapes")
    String shapes;

    @Option(names = "--width", paramLabel = "X", description = "width multiplier of a MobileNet (default: 1)")
    Double width;

    @Option(names = "--resolution", paramLabel = "PIXELS", description = "side of a MobileNet's input (default: 224; 64 on a small device)")
    Integer resolution;

    @Option(names = "--batch", paramLabel = "N", description = "pictures (default: 128; 2 on a small device)")
    Integer batch;

    @Option(names = "--precision", paramLabel = "NAME", split = ",", hideParamSyntax = true,
            description = "fp32, tf32, bf16, fp16 or several with commas (default: fp32,bf16; fp32 on a small device)")
    List<String> precisions;

    @Option(names = "--pass", paramLabel = "NAME", split = ",", hideParamSyntax = true,
            description = "forward, data, filter or several with commas (default: all)")
    List<String> passes;

    @Option(names = "--against", paramLabel = "cudnn|none", defaultValue = "cudnn",
            description = "cudnn (default): its best algorithm beside ours, where there is one; or none")
    String against;

    @Option(names = "--layout", paramLabel = "NAME", defaultValue = "padded-nhwc",
            description = "nhwc, nchw, or padded-nhwc (default), which is nhwc with channels rounded up to multiples of 8")
    String layout;

    @Option(names = "--filter", paramLabel = "KIND", description = "only depthwise, pointwise or other convolutions")
    String filter;

    @Option(names = "--rounds", paramLabel = "N", description = "times a contender is timed at most (default: 200; 20 on a small device)")
    Integer rounds;

    @Option(names = "--seconds", paramLabel = "X", description = "for a shape in one pass and precision (default: 2; 0.3 on a small device)")
    Double seconds;

    @Option(names = "--no-check", description = "do not hold every contender's result against the generic kernel's first")
    boolean noCheck;

    @Option(names = "--out", paramLabel = "DIR", description = "folder for the results (default: runs/kernels-SHAPES-DATE)")
    Path out;

    /**
     * @param small whether the device is small
     * @throws IllegalArgumentException when an option's value is not possible
     */
    KernelBench.Request resolve(boolean small) {
        Defaults defaults = Defaults.of(small);
        List<BenchShape> all = isModel() ? NetworkShapes.of(model(defaults).network(), batch(defaults)) : fromFile();
        Optional<ConvFamily> family = Optional.ofNullable(filter).map(ConvFamily::parse);
        List<BenchShape> some = NetworkShapes.only(all, family);
        if (some.isEmpty()) {
            throw new IllegalArgumentException("--filter " + filter + ": " + shapes + " has no such shape");
        }
        if (!against.equals("cudnn") && !against.equals("none")) {
            throw new IllegalArgumentException("--against '" + against + "': use cudnn or none");
        }
        return new KernelBench.Request(some, or(precisions, defaults.precisions()).stream().map(Precision::parse).distinct().toList(),
                passes == null ? List.of(Pass.values()) : passes.stream().map(Pass::parse).distinct().toList(), Layout.parse(layout),
                against.equals("cudnn"), !noCheck, rules(defaults));
    }

    private boolean isModel() {
        return shapes.equals(ModelConfig.MOBILENET_V1) || shapes.equals(ModelConfig.MOBILENET_V2);
    }

    /** Padding alike on both sides, as cuDNN and PyTorch can do it too. */
    private ModelConfig model(Defaults defaults) {
        return ModelConfig.mobileNet(shapes, or(width, 1.0), or(resolution, defaults.resolution()), COLOURS, ANY_CLASSES, 2, 0f);
    }

    private int batch(Defaults defaults) {
        int pictures = or(batch, defaults.batch());
        if (pictures < 1) {
            throw new IllegalArgumentException("--batch " + pictures + ": must be at least 1");
        }
        return pictures;
    }

    private List<BenchShape> fromFile() {
        if (width != null || resolution != null || batch != null) {
            throw new IllegalArgumentException("--width, --resolution and --batch are for a MobileNet: leave them out, " + shapes + " has sizes of its own");
        }
        return ShapeFile.read(Path.of(shapes));
    }

    private Stopwatch.Rules rules(Defaults defaults) {
        int most = or(rounds, defaults.rounds());
        double limit = or(seconds, defaults.seconds());
        if (most < 1 || !(limit > 0)) {
            throw new IllegalArgumentException("--rounds " + most + " and --seconds " + limit + ": the one must be at least 1, the other above 0");
        }
        return new Stopwatch.Rules(Math.min(most, LEAST_ROUNDS), most, PRECISION, limit, HOPELESS);
    }

    /** What is measured, in words: {@code mobilenet-v2, width 1.0, 224x224, batch 128}; or a file's name without its folder. */
    String describe(boolean small) {
        if (!isModel()) {
            return Path.of(shapes).getFileName().toString();
        }
        Defaults defaults = Defaults.of(small);
        int side = or(resolution, defaults.resolution());
        return shapes + ", width " + or(width, 1.0) + ", " + side + "x" + side + ", batch " + or(batch, defaults.batch());
    }

    /** Where results go. */
    Path outFolder() {
        String name = isModel() ? shapes : Path.of(shapes).getFileName().toString().replaceFirst("\\.[^.]*$", "");
        String now = LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"));
        return or(out, Path.of("runs", "kernels-" + name + "-" + now));
    }
}
