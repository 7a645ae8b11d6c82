package separable.predict;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import separable.data.Dataset;
import separable.data.KnownDataset;
import separable.device.Device;
import separable.picture.Picture;
import separable.spec.Precision;
import separable.train.DataConfig;
import separable.train.Defaults;
import separable.train.ModelConfig;
import separable.train.Recipe;
import separable.train.RunConfig;
import separable.train.TrainListener;
import separable.train.TrainingRun;

/** Runs of one epoch, to be predicted with. */
final class SmallRuns {

    private SmallRuns() {
    }

    /** Trains a small separable CNN on the data set whose files are in {@code folder}. */
    static void train(Device device, KnownDataset dataset, Path folder, int resolution, float centre, Precision precision, Path out) throws IOException {
        ModelConfig model = ModelConfig.separableCnn(List.of(8, 8, 8, 8), resolution, dataset.channels(), dataset.classes().size());
        Recipe usual = Defaults.of("separable-cnn", dataset, true).recipe().withEpochs(1).withBatch(8).withPrecision(precision);
        Recipe recipe = usual.withInput(usual.input().withCentre(centre));
        RunConfig config = new RunConfig(model, new DataConfig(dataset.toString(), folder.toString()), recipe);
        TrainingRun.execute(device, config, out, 0, new TrainListener() { }, () -> false);
    }

    static Picture picture(Dataset dataset, int index) {
        ByteBuffer pixels = ByteBuffer.allocate(dataset.imageBytes());
        dataset.read(index, pixels);
        return new Picture(dataset.height(), dataset.width(), dataset.channels(), pixels.array());
    }
}
