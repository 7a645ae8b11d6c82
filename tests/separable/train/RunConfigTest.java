package separable.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.data.KnownDataset;
import separable.graph.Schedule;
import separable.tune.Effort;

class RunConfigTest {

    @TempDir
    Path folder;

    @Test
    void everyDefaultSurvivesTheWayThroughAFile() {
        for (String model : ModelConfig.NAMES) {
            for (KnownDataset dataset : KnownDataset.values()) {
                for (String optimizer : OptimizerConfig.NAMES) {
                    for (boolean small : new boolean[] {true, false}) {
                        RunConfig config = Defaults.of(model, dataset, optimizer, small);
                        assertThat(RunConfig.fromJson(config.toJson())).isEqualTo(config);
                        assertThat(config.model().network().input().c()).isEqualTo(dataset.channels());
                        assertThat(config.recipe().optimizer().rule()).isNotNull();
                    }
                }
            }
        }
    }

    @Test
    void theSeparableCnnSeesInputsFromMinusOneToOne() {
        RunConfig config = Defaults.of("separable-cnn", KnownDataset.CIFAR10, null, true);
        assertThat(config.recipe().input().mean()).containsExactly(0.5f, 0.5f, 0.5f);
        assertThat(config.recipe().input().deviation()).containsExactly(0.5f, 0.5f, 0.5f);
        assertThat(config.recipe().optimizer().name()).isEqualTo("adam");
        assertThat(config.recipe().optimizer().learningRate()).isEqualTo(1e-3f);
    }

    @Test
    void theTuningEffortIsRecordedAndOffWhereItIsAbsent() {
        RunConfig config = Defaults.of("separable-cnn", KnownDataset.MNIST, null, true);
        RunConfig tuned = new RunConfig(config.model(), config.data(), config.recipe().withTune(Effort.FULL));
        assertThat(RunConfig.fromJson(tuned.toJson()).recipe().effort()).isEqualTo(Effort.FULL);
        assertThat(RunConfig.fromJson(tuned.toJson().replace("\"tune\": \"full\",", ""))).isEqualTo(config);
    }

    @Test
    void aFileThatDoesNotNameTheStepsScheduleMeansThePlainOne() {
        RunConfig config = Defaults.of("separable-cnn", KnownDataset.MNIST, null, true);
        RunConfig fused = config.withRecipe(config.recipe().withStepSchedule(Schedule.FUSED));
        assertThat(RunConfig.fromJson(fused.toJson())).isEqualTo(fused);
        assertThat(RunConfig.fromJson(fused.toJson().replace("\"stepSchedule\": \"fused\",", "")))
                .isEqualTo(config.withRecipe(config.recipe().withStepSchedule(Schedule.PLAIN)));
    }

    /** One value of the defaults replaced by another, and what the refusal must say. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "\"version\": 3 | \"version\": 1 | config version 1: must be 3",
        "\"epochs\": 2 | \"epochs\": 0 | epochs 0: must be 1 to",
        "\"batch\": 64 | \"batch\": -3 | batch -3",
        "\"batch\": 64 | \"batch\": \"many\" | is not a configuration",
        "\"precision\": \"fp32\" | \"precision\": \"fp64\" | unknown precision 'fp64': use fp32, tf32, bf16 or fp16",
        "\"tune\": \"off\" | \"tune\": \"hasty\" | unknown tuning effort 'hasty': use off, quick or full",
        "\"stepSchedule\": \"fused\" | \"stepSchedule\": \"fast\" | unknown schedule 'fast': use plain or fused",
        "\"name\": \"nesterov\" | \"name\": \"lion\" | unknown optimizer 'lion': use sgd, nesterov, rmsprop, adam, adamw",
        "\"name\": \"mobilenet-v1\" | \"name\": \"resnet\" | unknown model 'resnet'",
        "\"dataset\": \"fashion-mnist\" | \"dataset\": \"imagenet\" | unknown data set 'imagenet'",
        "\"learningRate\": 0.1 | \"learningRate\": -1 | learning rate -1.0: must be above 0",
        "\"warmupEpochs\": 0.25 | \"warmupEpochs\": 2 | warm-up 2.0: must be less than the 2 epochs",
        "\"name\": \"cosine\" | \"name\": \"sine\" | unknown schedule 'sine': use constant, step, exponential, linear, cosine, one-cycle",
        "\"decayFactor\": 0.94 | \"decayFactor\": 1.5 | decay factor 1.5: must be above 0 and at most 1",
        "\"decayEpochs\": 2.5 | \"decayEpochs\": 0 | decay epochs 0.0: must be above 0",
        "\"classes\": 10 | \"classes\": 9 | classes 9: fashion-mnist has 10",
        "\"crop\": 0 | \"crop\": 28 | crop 28: must be below the resolution, 28",
        "\"stemStride\": 1 | \"stemStride\": 3 | stem stride 3: must be 1 or 2",
        "\"channels\": 1 | \"channels\": 3 | channels 3: must be those of fashion-mnist, 1",
        "\"Trouser\" | \"Jeans\" | classes [T-shirt/top, Jeans,",
        "\"inputChannels\": 1 | \"inputChannels\": 3 | the model takes 3 channels",
        "\"momentum\": 0.9 | \"momentum\": 0 | momentum of nesterov 0.0",
    })
    void refusesImpossibleValues(String old, String replaced, String message) {
        String json = Defaults.of("mobilenet-v1", KnownDataset.FASHION_MNIST, null, true).toJson();
        assertThat(json).contains(old);
        assertThatThrownBy(() -> RunConfig.fromJson(json.replace(old, replaced)))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }

    @Test
    void refusesWhatIsMissing() {
        assertThatThrownBy(() -> RunConfig.fromJson("{\"version\": 3}")).isInstanceOf(IllegalArgumentException.class).hasMessage("model is missing");
        assertThatThrownBy(() -> RunConfig.fromJson("")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RunConfig.fromJson("not { json")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void namesTheFileItCouldNotRead() throws IOException {
        Path file = folder.resolve("config.json");
        assertThatThrownBy(() -> RunConfig.read(file)).isInstanceOf(TrainingException.class).hasMessageContaining(file + ": no such file");
        Files.writeString(file, "[1, 2]");
        assertThatThrownBy(() -> RunConfig.read(file)).isInstanceOf(TrainingException.class)
                .hasMessageStartingWith(file + ": is not a configuration");
    }

    @Test
    void buildsTheNetworkItNames() {
        assertThat(ModelConfig.separableCnn(List.of(32, 32, 32, 32), 32, 3, 10).network().name()).contains("CNN");
        assertThatThrownBy(() -> ModelConfig.mobileNet("mobilenet-v2", 1, 8, 3, 10, 2, 0f).network())
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("resolution 8 is too small");
        assertThatThrownBy(() -> ModelConfig.separableCnn(List.of(32, 32, 32), 32, 3, 10).network())
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("[32, 32, 32]");
    }
}
