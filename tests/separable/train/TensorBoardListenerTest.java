package separable.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import separable.data.IdxFiles;
import separable.data.KnownDataset;
import separable.device.Device;
import separable.tensorboard.Events;
import separable.testing.DeviceExtension;

/** What a run tells TensorBoard, read back strictly. */
@ExtendWith(DeviceExtension.class)
class TensorBoardListenerTest {

    private static final int STEPS = 6;
    private static final int SIDE = 9;

    @TempDir
    Path place;

    private Path out;
    private Path board;

    @BeforeEach
    void writeData() throws IOException {
        IdxFiles.write(place, 4 * STEPS, 10, SIDE);
        out = place.resolve("out");
        board = place.resolve("board");
    }

    private RunConfig config() {
        Recipe recipe = Defaults.of("separable-cnn", KnownDataset.MNIST, true).recipe().withEpochs(2).withBatch(4)
                .withEvaluation(new EvaluationConfig(4, 5, 0));
        return new RunConfig(ModelConfig.separableCnn(List.of(8, 8, 8, 8), SIDE, 1, 10), new DataConfig("mnist", place.toString()), recipe);
    }

    private void train(Device device, int histogramEpochs) {
        try (TensorBoardListener listener = new TensorBoardListener(board, histogramEpochs)) {
            TrainingRun.execute(device, config(), out, 0, listener, () -> false);
        }
    }

    @Test
    void figuresHistogramsSamplesAndHyperParameters(Device device) throws IOException {
        train(device, 2);
        Events events = Events.read(board);
        RunHistory history = RunHistory.read(out.resolve(TrainingRun.METRICS_FILE));
        assertThat(events.steps("epoch/test_loss")).containsExactly(6L, 12L);
        assertThat(events.values("epoch/test_loss")).containsExactlyElementsOf(history.epochs().stream().map(m -> (float) m.testLoss()).toList());
        assertThat(events.values("epoch/train_accuracy")).containsExactlyElementsOf(history.epochs().stream().map(m -> (float) m.trainAccuracy()).toList());
        assertThat(events.steps("steps/test_loss")).containsExactly(4L, 8L);
        assertThat(events.values("steps/test_loss")).containsExactlyElementsOf(history.steps().stream().map(m -> (float) m.testLoss()).toList());
        assertThat(events.steps("train/loss")).endsWith(12L).contains(6L);
        assertThat(events.values("train/learning_rate")).endsWith(history.epochs().get(1).learningRate());
        assertThat(events.values("train/images_per_second")).allMatch(rate -> rate > 0);

        String weights = "weights/classifier.weight";
        assertThat(events.byTag.keySet()).contains(weights, "gradients/classifier.weight", "_hparams_/session_start_info", "_hparams_/session_end_info");
        assertThat(events.steps(weights)).as("every second epoch").containsExactly(12L);
        assertThat(events.byTag.keySet().stream().filter(tag -> tag.startsWith("samples/")).collect(Collectors.toList()))
                .containsExactlyElementsOf(IntStream.range(0, 4).mapToObj(i -> "samples/" + i).toList());
    }

    /** Killed after steps that no checkpoint has: they are done again, and shown once. */
    @Test
    void aRunThatGoesOnShowsEveryStepOnce(Device device) throws IOException {
        TrainListener dying = new TrainListener() {
            @Override
            public void evaluated(StepEvaluation figures) {
                if (figures.step() == 8) {
                    throw new IllegalStateException("gone");
                }
            }
        };
        try (TensorBoardListener listener = new TensorBoardListener(board, 0)) {
            TrainListener both = TrainListener.all(List.of(listener, dying));
            assertThatThrownBy(() -> TrainingRun.execute(device, config(), out, 0, both, () -> false)).hasMessage("gone");
        }
        assertThat(Events.read(board).steps("steps/test_loss")).containsExactly(4L, 8L);
        try (TensorBoardListener listener = new TensorBoardListener(board, 0)) {
            TrainingRun.resume(device, out, 0, listener, () -> false);
        }
        assertThat(board.toFile().list()).hasSize(2);
        Events events = Events.read(board);
        assertThat(events.steps("epoch/test_loss")).containsExactly(6L, 12L);
        assertThat(events.steps("steps/test_loss")).containsExactly(4L, 8L);
        assertThat(events.steps("train/loss")).doesNotHaveDuplicates().isSorted();
    }

    @Test
    void aFolderThatCannotBeWrittenIsOneLine(Device device) throws IOException {
        Files.writeString(board, "in the way");
        assertThatThrownBy(() -> train(device, 1)).isInstanceOf(TrainingException.class)
                .hasMessageStartingWith("cannot write TensorBoard's events to " + board);
    }
}
