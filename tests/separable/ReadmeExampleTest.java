package separable;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import separable.data.Dataset;
import separable.data.IdxFiles;
import separable.data.KnownDataset;
import separable.data.KnownDataset.Part;
import separable.device.Device;
import separable.layer.Network;
import separable.model.MobileNetV1;
import separable.model.MobileNetV1.Style;
import separable.testing.DeviceExtension;
import separable.train.Defaults;
import separable.train.Recipe;
import separable.exchange.SafeTensors;
import separable.train.Trainer;

/** The README's example of a training run; {@link SnippetTest} keeps the two texts equal. */
@ExtendWith(DeviceExtension.class)
class ReadmeExampleTest {

    // begin training
    static double trainFashionMnist(Path folder, Path weights) throws IOException {
        KnownDataset pictures = KnownDataset.FASHION_MNIST;
        Dataset train = pictures.load(folder, Part.TRAIN);
        Dataset test = pictures.load(folder, Part.TEST);
        Network network = MobileNetV1.standard().withStyle(Style.TIMM).withWidth(0.25).withInput(28, 1, 1).withClasses(10).network();
        Recipe recipe = Defaults.of("mobilenet-v1", pictures, true).recipe().withEpochs(2);
        try (Device device = Device.open(); Trainer trainer = new Trainer(device, network, recipe, train, test)) {
            System.out.println(network.summary());
            for (int epoch = 1; epoch <= recipe.epochs(); epoch++) {
                System.out.println(trainer.trainEpoch());
            }
            trainer.save(weights);
            return trainer.evaluate().accuracy();
        }
    }
    // end training

    @Test
    void runs(Device device, @TempDir Path place) throws IOException {
        IdxFiles.write(place, 64, 64, 28);
        assertThat(trainFashionMnist(place, place.resolve("model.safetensors"))).isBetween(0.0, 1.0);
        assertThat(SafeTensors.read(place.resolve("model.safetensors")).names()).contains("conv_stem.weight", "classifier.bias");
    }
}
