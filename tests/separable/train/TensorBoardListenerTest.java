package separable.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

    private final List<String> warnings = new ArrayList<>();

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

    private TensorBoardListener listener(int histogramEpochs) {
        return new TensorBoardListener(board, histogramEpochs, warnings::add);
    }

    private void train(Device device, int histogramEpochs) {
        try (TensorBoardListener listener = listener(histogramEpochs)) {
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
        try (TensorBoardListener listener = listener(0)) {
            TrainListener both = TrainListener.all(List.of(listener, dying));
            assertThatThrownBy(() -> TrainingRun.execute(device, config(), out, 0, both, () -> false)).hasMessage("gone");
        }
        assertThat(Events.read(board).steps("steps/test_loss")).containsExactly(4L, 8L);
        try (TensorBoardListener listener = listener(0)) {
            TrainingRun.resume(device, out, 0, listener, () -> false);
        }
        assertThat(board.toFile().list()).hasSize(2);
        Events events = Events.read(board);
        assertThat(events.steps("epoch/test_loss")).containsExactly(6L, 12L);
        assertThat(events.steps("steps/test_loss")).containsExactly(4L, 8L);
        assertThat(events.steps("train/loss")).doesNotHaveDuplicates().isSorted();
    }

    private static TrainListener dyingAt(String where, long at) {
        return new TrainListener() {
            @Override
            public void evaluated(StepEvaluation figures) {
                dieAt("evaluation", figures.step());
            }

            @Override
            public void checkpointed(long steps) {
                dieAt("checkpoint", steps);
            }

            @Override
            public void epochEvaluated(EpochMetrics metrics) {
                dieAt("epoch", metrics.step());
            }

            private void dieAt(String here, long step) {
                if (here.equals(where) && step == at) {
                    throw new IllegalStateException("gone");
                }
            }
        };
    }

    /** On both sides of the checkpoint of a step that is evaluated, 4, and of the one at an epoch's end, 6. */
    @ParameterizedTest
    @CsvSource({"evaluation, 4", "checkpoint, 4", "epoch, 6", "checkpoint, 6"})
    void aRunCutBesideACheckpointShowsEveryEvaluationOnce(String where, long step, Device device) throws IOException {
        try (TensorBoardListener listener = listener(0)) {
            TrainListener both = TrainListener.all(List.of(listener, dyingAt(where, step)));
            assertThatThrownBy(() -> TrainingRun.execute(device, config(), out, 2, both, () -> false)).hasMessage("gone");
        }
        try (TensorBoardListener listener = listener(0)) {
            TrainingRun.resume(device, out, 2, listener, () -> false);
        }
        Events events = Events.read(board);
        RunHistory history = RunHistory.read(out.resolve(TrainingRun.METRICS_FILE));
        assertThat(events.steps("steps/test_loss")).containsExactly(4L, 8L);
        assertThat(events.steps("epoch/test_loss")).containsExactly(6L, 12L);
        assertThat(history.steps()).extracting(StepEvaluation::step).containsExactly(4, 8);
        assertThat(history.epochs()).extracting(EpochMetrics::step).containsExactly(6, 12);
    }

    /** An interrupt closes the file under the thread that writes it, which fails as a full disk does. */
    @Test
    void trainingOutlivesEventsThatCannotBeWritten(Device device) throws IOException {
        TrainListener interrupting = new TrainListener() {
            @Override
            public void evaluated(StepEvaluation figures) {
                Thread.currentThread().interrupt();
            }
        };
        TrainListener clearing = new TrainListener() {
            @Override
            public void evaluated(StepEvaluation figures) {
                assertThat(Thread.interrupted()).isTrue();
            }
        };
        try (TensorBoardListener listener = listener(1)) {
            TrainListener all = TrainListener.all(List.of(interrupting, listener, clearing));
            assertThat(TrainingRun.execute(device, config(), out, 0, all, () -> false).count()).isEqualTo(10);
        }
        assertThat(warnings).singleElement().asString()
                .startsWith("the run goes on without events for TensorBoard: cannot write TensorBoard's events to " + board).hasLineCount(1);
        assertThat(Events.read(board).byTag).containsKey("_hparams_/session_start_info").doesNotContainKeys("epoch/test_loss", "steps/test_accuracy");
        assertThat(RunHistory.read(out.resolve(TrainingRun.METRICS_FILE)).epochs()).hasSize(2);
    }

    @Test
    void aFolderThatCannotBeWrittenIsOneLine(Device device) throws IOException {
        Files.writeString(board, "in the way");
        assertThatThrownBy(() -> train(device, 1)).isInstanceOf(TrainingException.class)
                .hasMessageStartingWith("cannot write TensorBoard's events to " + board);
    }
}
