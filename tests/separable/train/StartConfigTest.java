package separable.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import separable.data.IdxFiles;
import separable.data.KnownDataset;
import separable.device.Device;
import separable.exchange.FormulaWeights;
import separable.exchange.ImportReport;
import separable.exchange.LayerNames;
import separable.exchange.NamedTensor;
import separable.exchange.SafeTensors;
import separable.testing.DeviceExtension;

/** Runs that start from weights in a file. */
@ExtendWith(DeviceExtension.class)
class StartConfigTest {

    private static final int SIDE = 9;
    private static final int CLASSES = 10;

    @TempDir
    Path place;

    private Path file;
    private final List<ImportReport> reports = new ArrayList<>();
    private final TrainListener listener = new TrainListener() {
        @Override
        public void weightsLoaded(StartConfig start, ImportReport report) {
            reports.add(report);
        }
    };

    @BeforeEach
    void writeFiles() throws IOException {
        IdxFiles.write(place, 32, 10, SIDE);
        file = place.resolve("weights.safetensors");
        FormulaWeights.file(model(CLASSES).network(), model(CLASSES).namings().get(1)).write(file);
    }

    private static ModelConfig model(int classes) {
        return ModelConfig.mobileNet("mobilenet-v2", 0.1, SIDE, 1, classes, 1, 0);
    }

    private RunConfig config(ModelConfig model) {
        Recipe recipe = Defaults.of("mobilenet-v2", KnownDataset.MNIST, true).recipe().withEpochs(1).withBatch(8);
        return new RunConfig(model, new DataConfig("mnist", place.toString()), recipe.withUpdate(UpdateConfig.PLAIN));
    }

    private static BooleanSupplier after(int steps) {
        int[] asked = {0};
        return () -> asked[0]++ >= steps;
    }

    /** The weights before the first step, by our names. */
    private Map<String, NamedTensor> firstWeights(Device device, RunConfig config, String out) {
        Path folder = place.resolve(out);
        assertThatThrownBy(() -> TrainingRun.execute(device, config, folder, 0, listener, () -> true)).isInstanceOf(StoppedException.class);
        return Checkpoint.read(folder.resolve(Checkpoint.LAST)).readTensors(folder);
    }

    private static float[] floats(Map<String, NamedTensor> weights, String name) {
        return weights.get("model." + name).floats();
    }

    @Test
    void beginsWithTheFilesWeights(Device device) throws IOException {
        Map<String, NamedTensor> weights = firstWeights(device, config(model(CLASSES)).withStart(StartConfig.of(file, false)), "out");

        SafeTensors given = SafeTensors.read(file);
        LayerNames names = model(CLASSES).namings().get(1);
        int compared = 0;
        for (String name : weights.keySet()) {
            String own = name.substring(name.indexOf('.') + 1);
            if (name.startsWith("model.") && !own.endsWith(".num_batches_tracked")) {
                assertThat(floats(weights, own)).as(own).isEqualTo(given.tensor(names.of(own)).floats());
                compared++;
            }
        }
        assertThat(compared).isEqualTo(262);
        assertThat(reports).singleElement().hasToString("262 entries loaded, under timm's names");
    }

    @Test
    void anotherNumberOfClassesMakesANewHead(Device device) throws IOException {
        Map<String, NamedTensor> drawn = firstWeights(device, config(model(12)), "drawn");
        Map<String, NamedTensor> started = firstWeights(device, config(model(12)).withStart(StartConfig.of(file, false)), "started");

        assertThat(floats(started, "classifier.1.weight")).isEqualTo(floats(drawn, "classifier.1.weight"));
        assertThat(floats(started, "features.0.0.weight")).isEqualTo(SafeTensors.read(file).tensor("conv_stem.weight").floats())
                .isNotEqualTo(floats(drawn, "features.0.0.weight"));
        assertThat(reports).singleElement()
                .hasToString("260 entries loaded, under timm's names; new head: the file's has 10 classes, the network 12");
    }

    @Test
    void aNewHeadCanBeAskedFor(Device device) throws IOException {
        Map<String, NamedTensor> started = firstWeights(device, config(model(CLASSES)).withStart(StartConfig.of(file, true)), "started");
        assertThat(floats(started, "classifier.1.weight")).isNotEqualTo(SafeTensors.read(file).tensor("classifier.weight").floats());
        assertThat(reports).singleElement().hasToString("260 entries loaded, under timm's names; new head: as asked for");
    }

    /** The average of weights begins at the file's too: after one epoch at next to no rate it is still there. */
    @Test
    void averagedWeightsBeginThereToo(Device device) throws IOException {
        RunConfig config = config(model(CLASSES)).withStart(StartConfig.of(file, false));
        Recipe still = config.recipe().withUpdate(UpdateConfig.PLAIN.withEma(0.9f)).withOptimizer(new OptimizerConfig("sgd", 1e-30f, 0, 0.9f, 0));
        TrainingRun.execute(device, new RunConfig(config.model(), config.data(), still).withStart(config.start()), place.resolve("out"), 0, listener, () -> false);
        assertThat(SafeTensors.read(place.resolve("out/model.safetensors")).tensor("features.0.0.weight").floats())
                .isEqualTo(SafeTensors.read(file).tensor("conv_stem.weight").floats());
    }

    @Test
    void aRunGoesOnWithoutTheFile(Device device) throws IOException {
        RunConfig config = config(model(CLASSES)).withStart(StartConfig.of(file, false));
        TrainingRun.execute(device, config, place.resolve("whole"), 0, listener, () -> false);
        Path cut = place.resolve("cut");
        assertThatThrownBy(() -> TrainingRun.execute(device, config, cut, 0, listener, after(2))).isInstanceOf(StoppedException.class);
        Files.delete(file);
        TrainingRun.resume(device, cut, 0, listener, () -> false);
        assertThat(cut.resolve("model.safetensors")).hasSameBinaryContentAs(place.resolve("whole/model.safetensors"));
        assertThat(RunConfig.read(cut.resolve("config.json"))).isEqualTo(config);
    }

    private void assertRefused(Device device, RunConfig config, String... words) {
        Path out = place.resolve("refused");
        assertThatThrownBy(() -> TrainingRun.execute(device, config, out, 0, listener, () -> false)).isInstanceOf(TrainingException.class)
                .hasMessageStartingWith(file.toString()).hasMessageNotContaining("\n").hasMessageContainingAll(words);
        assertThat(out).doesNotExist();
    }

    @Test
    void refusesAnotherFileUnderTheSameName(Device device) throws IOException {
        RunConfig config = config(model(CLASSES)).withStart(StartConfig.of(file, false));
        FormulaWeights.file(model(CLASSES).network(), model(CLASSES).namings().get(0)).write(file);
        assertRefused(device, config, "is not the file that the configuration was made with", "--weights");
        Files.delete(file);
        assertRefused(device, config, "no such file");
    }

    @Test
    void refusesAnotherModelsWeights(Device device) {
        StartConfig start = StartConfig.of(file, false);
        assertRefused(device, config(ModelConfig.mobileNet("mobilenet-v1", 0.1, SIDE, 1, CLASSES, 1, 0)).withStart(start),
                "does not fit MobileNetV1 0.1", "of another shape: 'blocks.", "left out, not of this network: 'blocks.");
        assertRefused(device, config(ModelConfig.mobileNet("mobilenet-v2", 1, SIDE, 1, CLASSES, 1, 0)).withStart(start),
                "of another shape: 'conv_stem.weight' is [8, 1, 3, 3] instead of [32, 1, 3, 3]", "width");
        assertRefused(device, config(ModelConfig.separableCnn(List.of(8, 8, 8, 8), SIDE, 1, CLASSES)).withStart(start), "missing: 'conv1.weight' [32, 1, 3, 3]");
    }

    /** Nothing but a whole file is taken; a bit that turns a weight into no number is noticed. */
    @Test
    void refusesDamagedWeights(Device device) throws IOException {
        byte[] whole = Files.readAllBytes(file);
        Random random = new Random(5);
        for (int i = 0; i < 8; i++) {
            Files.write(file, Arrays.copyOf(whole, random.nextInt(whole.length)));
            assertRefused(device, config(model(CLASSES)).withStart(StartConfig.of(file, false)), "not a usable safetensors file");
        }
        byte[] noNumber = whole.clone();
        Arrays.fill(noNumber, whole.length - 4, whole.length, (byte) 0xff);
        Files.write(file, noNumber);
        assertRefused(device, config(model(CLASSES)).withStart(StartConfig.of(file, false)), "'classifier.bias' holds NaN at position 9");
    }
}
