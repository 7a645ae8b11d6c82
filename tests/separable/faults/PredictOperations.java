package separable.faults;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import separable.data.KnownDataset;
import separable.exchange.NamedTensor;
import separable.exchange.SafeTensors;
import separable.exchange.StateTensors;
import separable.graph.Parameters;
import separable.picture.Picture;
import separable.predict.Classifier;
import separable.predict.Predictions;
import separable.spec.DType;
import separable.train.DataConfig;
import separable.train.Defaults;
import separable.train.ModelConfig;
import separable.train.RunConfig;
import separable.train.TrainingRun;

/** A saved network at work. */
final class PredictOperations {

    private static final int SIDE = 28;

    /** How many of the calls that opening, planning and predicting make fail. */
    private static final int TURNS = 60;

    /** The first prediction makes the plan, the third runs it as a graph. */
    private static final int PREDICTIONS = 3;

    /** A run's folder, made once for all turns. */
    private static Path folder;

    private PredictOperations() {
    }

    private static Path run(Workplace place) throws IOException {
        if (folder == null) {
            ModelConfig model = ModelConfig.separableCnn(List.of(8, 8, 8, 8), SIDE, 1, 10);
            RunConfig config = new RunConfig(model, new DataConfig("mnist", "nowhere"), Defaults.of("separable-cnn", KnownDataset.MNIST, true).recipe());
            Path made = Files.createTempDirectory("separable-faults");
            made.toFile().deleteOnExit();
            try (Parameters parameters = new Parameters(place.device, model.network().state(), DType.F32)) {
                parameters.initialise(3, place.stream);
                List<NamedTensor> tensors = parameters.export().entrySet().stream().map(entry -> StateTensors.tensor(entry.getKey(), entry.getValue())).toList();
                write(made.resolve(TrainingRun.MODEL_FILE), file -> SafeTensors.of(tensors, Map.of()).write(file));
                write(made.resolve(TrainingRun.CONFIG_FILE), file -> Files.writeString(file, config.toJson()));
            }
            folder = made;
        }
        return folder;
    }

    private interface Writing {
        void to(Path file) throws IOException;
    }

    private static void write(Path file, Writing content) throws IOException {
        content.to(file);
        file.toFile().deleteOnExit();
    }

    private static Picture picture() {
        byte[] pixels = new byte[SIDE * SIDE];
        for (int at = 0; at < pixels.length; at++) {
            pixels[at] = (byte) (at * at);
        }
        return new Picture(SIDE, SIDE, 1, pixels);
    }

    static List<Operation> all() {
        return List.of(
                new Operation("Classifier: opened, predictions, closed", place -> {
                    Path run = run(place);
                    return () -> {
                        try (Classifier classifier = Classifier.open(run, place.device)) {
                            return several(classifier)::ranked;
                        }
                    };
                }).within(TURNS),
                new Operation("Classifier.predict", place -> {
                    Classifier classifier = place.keep(Classifier.open(run(place), place.device));
                    several(classifier);     // makes what it keeps
                    return () -> several(classifier)::ranked;
                }).within(TURNS));
    }

    private static Predictions several(Classifier classifier) {
        Predictions last = classifier.predict(picture());
        for (int more = 1; more < PREDICTIONS; more++) {
            last = classifier.predict(picture());
        }
        return last;
    }
}
