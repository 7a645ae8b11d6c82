package separable.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import separable.exchange.LayerNames;
import separable.exchange.OnnxFile;
import separable.exchange.OnnxOptions;
import separable.exchange.SafeTensors;
import separable.predict.SavedRun;
import separable.spec.Shape;
import separable.train.InputConfig;
import separable.train.ModelConfig;
import separable.train.TrainingException;

/** {@code separable export}: a trained network for other software. Needs no device. */
@Command(name = "export", sortOptions = false,
        description = "Write a trained network under another library's names, or as ONNX.")
final class ExportCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--weights", paramLabel = "RUN", required = true, description = "folder of the run")
    private Path run;

    @Mixin
    private SavedRunOptions weights = new SavedRunOptions();

    @Option(names = "--names", paramLabel = "LIBRARY", description = "torchvision or timm, or Separable where it has names of its own: whose names the entries of --out get")
    private String names;

    @Option(names = "--out", paramLabel = "FILE", description = "safetensors file to write")
    private Path out;

    @Option(names = "--onnx", paramLabel = "FILE", description = "ONNX file to write: opset 17, any batch; takes fp32 pictures [batch, channels, height, width],"
            + " normalised with the run's mean and deviation")
    private Path onnx;

    @Option(names = "--fold-bn", description = "of --onnx: convolutions take in the batch normalisation after them")
    private boolean fold;

    @Option(names = "--with-preprocessing", description = "of --onnx: takes bytes [batch, height, width, channels] and normalises them itself")
    private boolean preprocessing;

    @Override
    public Integer call() {
        requireSensible();
        SavedRun saved = weights.open(run);
        try {
            if (out != null) {
                exportNames(saved);
            }
            if (onnx != null) {
                exportOnnx(saved);
            }
        } catch (IOException e) {
            throw new TrainingException("cannot write there (" + e.getMessage() + "): make room on that disk or name another file", e);
        }
        return 0;
    }

    private void requireSensible() {
        if ((names == null) != (out == null)) {
            throw new IllegalArgumentException("--names and --out belong together: name the library and the file");
        }
        if (out == null && onnx == null) {
            throw new IllegalArgumentException("nothing to export: add  --names torchvision|timm --out FILE  or  --onnx FILE");
        }
        if (onnx == null && (fold || preprocessing)) {
            throw new IllegalArgumentException("--fold-bn and --with-preprocessing belong to --onnx: name the file");
        }
    }

    private void exportNames(SavedRun saved) throws IOException {
        ModelConfig model = saved.config().model();
        List<LayerNames> known = model.namings();
        LayerNames chosen = known.stream().filter(each -> each.library().equals(names)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("--names " + names + ": " + model.name() + " is known under the names of "
                        + String.join(", ", known.stream().map(LayerNames::library).toList())));
        SafeTensors file = chosen.file(saved.network(), saved.weights());
        file.write(out);
        PrintWriter to = spec.commandLine().getOut();
        String written = out + ": " + file.tensors().size() + " entries under " + names + "'s names";
        to.println(written + PythonModel.reason(names, model).map(why -> "; no library's model takes them: " + why).orElse(", for"));
        PythonModel.of(names, model).ifPresent(python -> python.lines().forEach(line -> to.println("    " + line)));
    }

    private void exportOnnx(SavedRun saved) throws IOException {
        InputConfig input = saved.config().recipe().input();
        OnnxOptions options = new OnnxOptions(fold,
                preprocessing ? Optional.of(new OnnxOptions.Preprocessing(input.mean(), input.deviation())) : Optional.empty());
        Map<String, String> notes = Map.of("classes", String.join("\n", saved.classes()), "mean", input.mean().toString(),
                "deviation", input.deviation().toString());
        OnnxFile.write(onnx, saved.network(), saved.weights(), options, notes);
        Shape shape = saved.network().input();
        String takes = preprocessing
                ? String.format(Locale.ROOT, "uint8 %s[batch, %d, %d, %d]", OnnxOptions.PICTURES, shape.h(), shape.w(), shape.c())
                : String.format(Locale.ROOT, "fp32 %s[batch, %d, %d, %d], (x / 255 - mean) / deviation with mean %s and deviation %s", OnnxOptions.INPUT,
                        shape.c(), shape.h(), shape.w(), input.mean(), input.deviation());
        spec.commandLine().getOut().printf(Locale.ROOT, "%s: %.1f MB, opset %d, from %s to fp32 %s[batch, %d]%n", onnx, Files.size(onnx) / 1e6,
                OnnxFile.OPSET, takes, OnnxOptions.OUTPUT, saved.config().model().classes());
    }
}
