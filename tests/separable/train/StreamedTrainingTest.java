package separable.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.data.DataException;
import separable.data.IdxFiles;
import separable.data.KnownDataset;
import separable.data.NumberedPictures;
import separable.device.Device;
import separable.spec.Precision;
import separable.testing.DeviceExtension;

/** Runs whose pictures stay on the host: the bits, the interruptions and the errors. */
@ExtendWith(DeviceExtension.class)
class StreamedTrainingTest {

    private static final int SIDE = 9;
    private static final int STEPS = 9;
    private static final int BATCH = 4;

    private static final ModelConfig CNN = ModelConfig.separableCnn(List.of(8, 8, 8, 8), SIDE, 1, 10);

    @TempDir
    Path place;

    /** Everything drawn, a last batch of the test set that is not full, evaluations on a part of it within epochs; without a graph two batches a step, too. */
    private RunConfig config(boolean streamed, String precision, boolean captured) throws IOException {
        IdxFiles.write(place, (captured ? 1 : 2) * STEPS * BATCH + 1, 10, SIDE);
        InputConfig input = new InputConfig(List.of(0.5f), List.of(0.5f), 1, new AugmentConfig(1, 1, true, true, 20, 0.3f, 0.3f, 0, 0, 0.5f, 0.4f, 1), streamed);
        Recipe recipe = Defaults.of("separable-cnn", KnownDataset.MNIST, true).recipe().withEpochs(2).withBatch(BATCH)
                .withPrecision(Precision.parse(precision)).withGraph(captured).withInput(input).withEvaluation(new EvaluationConfig(4, 7, 0))
                .withUpdate(UpdateConfig.PLAIN.withAccumulate(captured ? 1 : 2));
        return new RunConfig(CNN, new DataConfig("mnist", place.toString()), recipe);
    }

    private Evaluation run(Device device, RunConfig config, String out, BooleanSupplier stop) {
        return TrainingRun.execute(device, config, place.resolve(out), 2, new TrainListener() { }, stop);
    }

    private String weights(String out) throws IOException {
        return Digest.sha256(place.resolve(out).resolve(TrainingRun.MODEL_FILE));
    }

    private String figures(String out) throws IOException {
        return Files.readString(place.resolve(out).resolve(TrainingRun.METRICS_FILE))
                .replaceAll("\"(seconds|imagesPerSecond|inputImagesPerSecond|inputWaited)\":[^,}]*", "");
    }

    @ParameterizedTest
    @CsvSource({"fp32, true", "bf16, false"})
    void streamedAndResidentRunsGiveTheSameBits(String precision, boolean captured, Device device) throws IOException {
        Evaluation resident = run(device, config(false, precision, captured), "resident", () -> false);
        long before = device.liveBytes();
        RunConfig streamed = config(true, precision, captured);
        assertThat(run(device, streamed, "streamed", () -> false)).isEqualTo(resident);
        assertThat(weights("streamed")).isEqualTo(weights("resident"));
        assertThat(figures("streamed").replaceAll(",+}", "}")).isEqualTo(figures("resident").replaceAll(",+}", "}"));
        assertThat(place.resolve("streamed/metrics.jsonl")).content().contains("inputImagesPerSecond", "inputWaited");
        assertThat(place.resolve("resident/metrics.jsonl")).content().doesNotContain("input");
        assertThat(place.resolve("streamed/plan.txt")).content().contains(captured
                ? "mnist train: 2997 bytes of pictures streamed through a ring of 3 batches (972 bytes)"
                : "mnist train: 5913 bytes of pictures streamed through a ring of 4 batches (1296 bytes)");
        assertThat(RunConfig.read(place.resolve("streamed/config.json"))).isEqualTo(streamed);
        assertThat(device.liveBytes()).isEqualTo(before);

        int[] asked = {0};
        assertThatThrownBy(() -> run(device, streamed, "cut", () -> asked[0]++ >= 14)).isInstanceOf(StoppedException.class);
        assertThatThrownBy(() -> TrainingRun.resume(device, place.resolve("cut"), 0, new TrainListener() { }, () -> asked[0]++ >= 19))
                .isInstanceOf(StoppedException.class);
        assertThat(TrainingRun.resume(device, place.resolve("cut"), 0, new TrainListener() { }, () -> false)).isEqualTo(resident);
        assertThat(weights("cut")).isEqualTo(weights("resident"));
        assertThat(device.liveBytes()).isEqualTo(before);
    }

    private static Trainer trainer(Device device, NumberedPictures train) {
        Recipe usual = Defaults.of("separable-cnn", KnownDataset.MNIST, true).recipe().withEpochs(2).withBatch(BATCH);
        return new Trainer(device, CNN.network(),
                usual.withInput(usual.input().withStream(true)), train, new NumberedPictures(10, SIDE));
    }

    @Test
    void whatReadingThrowsEndsTheEpochAndTheThreads(Device device) {
        DataException broken = new DataException("disk 3: cannot be read");
        NumberedPictures train = new NumberedPictures(STEPS * BATCH, SIDE) {
            @Override
            public void read(int picture, ByteBuffer to) {
                if (picture == 11) {
                    throw broken;
                }
                super.read(picture, to);
            }
        };
        try (Trainer trainer = trainer(device, train)) {
            assertThatThrownBy(trainer::trainEpoch).isSameAs(broken);
        }
        assertThat(Thread.getAllStackTraces().keySet()).noneMatch(thread -> thread.getName().endsWith("of numbered"));
    }

    @Test
    void theListenerHearsHowReadingKeepsUp(Device device) {
        InputRate[] heard = new InputRate[1];
        try (Trainer trainer = trainer(device, new NumberedPictures(20 * BATCH, SIDE))) {
            EpochMetrics metrics = trainer.trainEpoch(new TrainListener() {
                @Override
                public void inputRead(InputRate input) {
                    heard[0] = input;
                }
            }, () -> false);
            assertThat(heard[0].imagesPerSecond()).isPositive();
            assertThat(metrics.inputImagesPerSecond()).isPositive();
            assertThat(metrics.inputWaited()).isBetween(0.0, 1.0).satisfies(share -> assertThat(share).isGreaterThanOrEqualTo(0));
        }
    }
}
