package separable;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.data.Dataset;
import separable.data.PictureStatistics;
import separable.device.Device;
import separable.layer.Network;
import separable.model.SeparableCnn;
import separable.testing.DeviceExtension;
import separable.train.Defaults;
import separable.train.InputConfig;
import separable.train.Recipe;
import separable.train.Trainer;

/** The README's example of a data set of one's own; {@link SnippetTest} keeps the two texts equal. */
@ExtendWith(DeviceExtension.class)
class OwnDatasetExampleTest {

    // begin own-data-set
    /** Grey noise with one bright bar, lying or standing. */
    record Bars(String name, int count, long seed) implements Dataset {
        public String source() { return "drawn by a program"; }
        public int height() { return 16; }
        public int width() { return 16; }
        public int channels() { return 1; }
        public List<String> classes() { return List.of("lying", "standing"); }
        public int label(int picture) { return picture % 2; }

        /** The same bytes every time, from any thread. */
        public void read(int picture, ByteBuffer to) {
            Random random = new Random((seed + picture) * 0x9e3779b97f4a7c15L);
            int bar = random.nextInt(16);
            for (int pixel = 0; pixel < 256; pixel++) {
                boolean bright = (label(picture) == 0 ? pixel / 16 : pixel % 16) == bar;
                to.put((byte) (random.nextInt(100) + (bright ? 155 : 0)));
            }
        }
    }

    static double trainBars() {
        Dataset train = new Bars("bars", 200, 1);
        Dataset test = new Bars("other bars", 100, 1_000);
        Network network = new SeparableCnn(List.of(8, 8, 8, 8), 16, 2, 1).network();
        PictureStatistics own = train.statistics();
        Recipe recipe = Defaults.recipe("separable-cnn", InputConfig.of(own.mean(), own.deviation()), true)
                .withEpochs(5).withBatch(10);
        try (Device device = Device.open(); Trainer trainer = new Trainer(device, network, recipe, train, test)) {
            for (int epoch = 1; epoch <= recipe.epochs(); epoch++) {
                System.out.println(trainer.trainEpoch());
            }
            return trainer.evaluate().accuracy();
        }
    }
    // end own-data-set

    @Test
    void learns(Device device) {
        assertThat(trainBars()).isGreaterThan(0.7);
    }
}
