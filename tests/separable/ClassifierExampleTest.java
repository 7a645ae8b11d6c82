package separable;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import separable.data.IdxFiles;
import separable.data.KnownDataset;
import separable.data.KnownDataset.Part;
import separable.device.Device;
import separable.predict.Classifier;
import separable.testing.DeviceExtension;
import separable.testing.PngFiles;
import separable.train.DataConfig;
import separable.train.Defaults;
import separable.train.ModelConfig;
import separable.train.RunConfig;
import separable.train.TrainListener;
import separable.train.TrainingRun;

/** The README's example of a network at work; {@link SnippetTest} keeps the two texts equal. */
@ExtendWith(DeviceExtension.class)
class ClassifierExampleTest {

    // begin predicting
    static String whatIsOn(Path image, Path run) {
        try (Classifier classifier = Classifier.open(run)) {
            return classifier.predict(image).best().label();
        }
    }
    // end predicting

    @Test
    void runs(Device device, @TempDir Path place) throws IOException {
        IdxFiles.write(place, 64, 20, 28);
        RunConfig config = new RunConfig(ModelConfig.separableCnn(List.of(8, 8, 8, 8), 28, 1, 10), new DataConfig("mnist", place.toString()),
                Defaults.of("separable-cnn", KnownDataset.MNIST, true).recipe().withEpochs(1).withBatch(16));
        TrainingRun.execute(device, config, place.resolve("run"), 0, new TrainListener() { }, () -> false);
        PngFiles.write(KnownDataset.MNIST.load(place, Part.TEST), 0, place.resolve("digit.png"));
        assertThat(whatIsOn(place.resolve("digit.png"), place.resolve("run"))).isIn(KnownDataset.MNIST.classes());
    }
}
