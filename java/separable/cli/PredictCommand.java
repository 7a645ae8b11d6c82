package separable.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import separable.picture.Picture;
import separable.picture.PictureException;
import separable.picture.PictureFile;
import separable.predict.Classifier;
import separable.predict.Prediction;
import separable.predict.Predictions;

/** {@code separable predict}: says what is on pictures. A picture that cannot be read is named, and the rest are done. */
@Command(name = "predict", sortOptions = false,
        description = "Say what is on pictures (JPEG or PNG), by a trained network. A picture that cannot be read is named on the error stream, the others"
                + " are done, and the exit status is 1.")
final class PredictCommand implements Callable<Integer> {

    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    @Spec
    private CommandSpec spec;

    @Option(names = "--run", paramLabel = "DIR", required = true, description = "folder of the run")
    private Path run;

    @Mixin
    private SavedRunOptions weights = new SavedRunOptions();

    @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "JPEG or PNG files of any size")
    private List<Path> images;

    @Option(names = "--top", paramLabel = "K", defaultValue = "5", description = "classes to name, the most probable ones (default: ${DEFAULT-VALUE})")
    private int top;

    @Option(names = "--json", description = "print a JSON object a line and picture instead of words")
    private boolean json;

    /** What became of a file: a picture for the device, or the reason why there is none. */
    private record Read(Path file, Picture picture, PictureException failure) {
    }

    @Override
    public Integer call() {
        if (top < 1) {
            throw new IllegalArgumentException("--top " + top + ": must be at least 1");
        }
        boolean whole = true;
        try (Classifier classifier = Classifier.open(weights.open(run))) {
            for (int first = 0; first < images.size(); first += Classifier.LARGEST_BATCH) {
                List<Path> some = images.subList(first, Math.min(first + Classifier.LARGEST_BATCH, images.size()));
                whole &= predict(classifier, some.parallelStream().map(file -> read(classifier, file)).toList());
            }
        }
        return whole ? 0 : Main.FAILED;
    }

    /** On several cores at once, and only the small square is kept. */
    private static Read read(Classifier classifier, Path file) {
        try {
            return new Read(file, classifier.prepare(PictureFile.read(file).picture()), null);
        } catch (PictureException e) {
            return new Read(file, null, e);
        }
    }

    /** @return whether all could be read */
    private boolean predict(Classifier classifier, List<Read> some) {
        List<Predictions> predictions = classifier.predict(some.stream().filter(each -> each.failure() == null).map(Read::picture).toList());
        PrintWriter out = spec.commandLine().getOut();
        int done = 0;
        for (Read each : some) {
            if (each.failure() == null) {
                List<Prediction> best = predictions.get(done++).top(top);
                out.println(json ? toJson(each.file(), "predictions", best.stream().map(PredictCommand::fields).toList()) : toText(each.file(), best));
            } else {
                spec.commandLine().getErr().println("separable: " + each.failure().getMessage());
                if (json) {
                    out.println(toJson(each.file(), "error", each.failure().reason()));
                }
            }
        }
        return done == some.size();
    }

    /** {@code rose.jpg: rose 91.2%, tulip 3.1%} */
    private static String toText(Path file, List<Prediction> best) {
        return file + ": " + best.stream().map(Prediction::toString).collect(Collectors.joining(", "));
    }

    private static String toJson(Path file, String key, Object value) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("image", file.toString());
        object.put(key, value);
        return GSON.toJson(object);
    }

    private static Map<String, Object> fields(Prediction prediction) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("class", prediction.index());
        fields.put("label", prediction.label());
        fields.put("probability", prediction.probability());
        return fields;
    }
}
