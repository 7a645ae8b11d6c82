package separable.train;

import com.google.gson.Gson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import separable.data.Dataset;
import separable.data.KnownDataset.Part;
import separable.device.Device;

/**
 * A run from its configuration to its folder. After every epoch {@code model.safetensors}, {@code config.json} and
 * {@code metrics.jsonl} are replaced together, so that the folder always holds the last whole epoch.
 */
public final class TrainingRun {

    public static final String MODEL_FILE = "model.safetensors";
    public static final String CONFIG_FILE = "config.json";
    public static final String METRICS_FILE = "metrics.jsonl";

    private static final Gson GSON = new Gson();

    private TrainingRun() {
    }

    /**
     * Trains all epochs.
     *
     * @return the last evaluation
     * @throws TrainingException         when the folder cannot be written or the run diverges
     * @throws StoppedException          when {@code stop} becomes true
     * @throws separable.data.DataException when the data cannot be read
     */
    public static Evaluation execute(Device device, RunConfig config, Path out, TrainListener listener, BooleanSupplier stop) {
        try (RunFolder folder = RunFolder.open(out)) {
            Dataset train = config.data().load(Part.TRAIN);
            Dataset test = config.data().load(Part.TEST);
            try (Trainer trainer = new Trainer(device, config.model().network(), config.recipe(), train, test)) {
                return trainAll(trainer, config, folder, listener, stop);
            }
        }
    }

    private static Evaluation trainAll(Trainer trainer, RunConfig config, RunFolder folder, TrainListener listener, BooleanSupplier stop) {
        StringBuilder lines = new StringBuilder();
        for (int epoch = 1; epoch <= config.recipe().epochs(); epoch++) {
            EpochMetrics metrics;
            try {
                metrics = trainer.trainEpoch(listener, stop);
            } catch (StoppedException e) {
                throw new StoppedException(e.getMessage() + (epoch == 1 ? ": nothing was written"
                        : ": " + folder.path() + " holds the results of epoch " + (epoch - 1)));
            }
            lines.append(GSON.toJson(metrics)).append('\n');
            folder.replace(files(trainer, config, lines.toString()));
            listener.epochEnded(metrics);
        }
        return trainer.lastEvaluation();
    }

    private static Map<String, RunFolder.Content> files(Trainer trainer, RunConfig config, String metrics) {
        Map<String, RunFolder.Content> files = new LinkedHashMap<>();
        files.put(MODEL_FILE, trainer::save);
        files.put(CONFIG_FILE, file -> Files.writeString(file, config.toJson()));
        files.put(METRICS_FILE, file -> Files.writeString(file, metrics));
        return files;
    }
}
