package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import separable.data.IdxFiles;
import separable.device.Device;
import separable.tensorboard.Events;
import separable.testing.DeviceExtension;
import separable.train.EpochMetrics;
import separable.train.RunConfig;
import separable.train.RunHistory;
import separable.train.StepEvaluation;
import separable.train.TensorBoardListener;
import separable.train.TrainListener;
import separable.train.TrainingRun;

/** Watching a run from the command line. */
@ExtendWith(DeviceExtension.class)
class WatchTest {

    private static final int SIDE = 8;

    @TempDir
    Path place;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void writeData() throws IOException {
        IdxFiles.write(place, 96, 40, SIDE);
    }

    private int run(String line) {
        String[] words = line.replace("PLACE", place.toString()).trim().split(" +");
        return Main.run(words, new PrintWriter(out, true), new PrintWriter(err, true));
    }

    private int train(String more) {
        return run("train --model separable-cnn --blocks 8,8,8,8 --resolution 8 --dataset mnist --data PLACE --out PLACE/out --batch 16"
                + " --epochs 2 --precision fp32 --crop 0 " + more);
    }

    @Test
    void quietPrintsTheLastLineAlone() {
        assertThat(train("--quiet --eval-steps 3")).as(err.toString()).isZero();
        assertThat(out.toString()).matches("test accuracy [01]\\.\\d{4} \\(\\d+ of 40\\), loss \\d+\\.\\d{4}\n");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void evaluatesWithinEpochsAndDrawsTheCurves() throws IOException {
        assertThat(train("--eval-steps 4 --eval-pictures 15 --tensorboard PLACE/board --histogram-epochs 0")).as(err.toString()).isZero();
        assertThat(out.toString().lines().filter(line -> line.contains(", step ")).toList()).satisfiesExactly(
                line -> assertThat(line).matches("epoch 1/2, step 4: train loss .*, accuracy .*; test loss .*, accuracy .* over 15 pictures"),
                line -> assertThat(line).startsWith("epoch 2/2, step 8: "));
        assertThat(Files.readAllLines(place.resolve("out/metrics.jsonl"))).hasSize(4);
        Events events = Events.read(place.resolve("board"));
        assertThat(events.steps("steps/test_accuracy")).containsExactly(4L, 8L);
        assertThat(events.byTag.keySet()).noneMatch(tag -> tag.startsWith("weights/"));
        BufferedImage curves = ImageIO.read(place.resolve("out/curves.png").toFile());
        assertThat(curves.getWidth()).isEqualTo(CurvesPicture.WIDTH);
        assertThat(curves.getHeight()).isEqualTo(3 * CurvesPicture.PANEL);
    }

    /** The curve of a test accuracy that only rises lies where its colour is: from low on the left to high on the right. */
    @Test
    void theCurvesAreThoseOfTheFigures() {
        List<EpochMetrics> epochs = IntStream.rangeClosed(1, 10)
                .mapToObj(epoch -> new EpochMetrics(epoch, 100 * epoch, 0.1f / epoch, 2.0 / epoch, 0.09 * epoch, 2.2 / epoch, 0.08 * epoch, 100, 1)).toList();
        BufferedImage picture = CurvesPicture.draw(new RunHistory(epochs, List.of()));
        int left = highest(picture, 100, 400);
        int right = highest(picture, 700, 1000);
        assertThat(right).as("row of the accuracy's curve on the right").isPositive().isLessThan(left - 50);
        BufferedImage within = CurvesPicture.draw(new RunHistory(epochs, List.of(new StepEvaluation(1, 50, 0.1f, 2, 0.1, 2, 0.1, 20, 1))));
        assertThat(within.getHeight()).isEqualTo(picture.getHeight());
    }

    /** First row, in the accuracy's panel, with the colour of the test's curve between two columns. */
    private static int highest(BufferedImage picture, int from, int to) {
        for (int y = CurvesPicture.PANEL; y < 2 * CurvesPicture.PANEL; y++) {
            for (int x = from; x < to; x++) {
                if ((picture.getRGB(x, y) & 0xffffff) == (230 << 16 | 159 << 8)) {
                    return y;
                }
            }
        }
        return -1;
    }

    @Test
    void refusesWhatCannotBe() {
        assertThat(train("--histogram-epochs -1")).isEqualTo(Main.USAGE);
        assertThat(err.toString()).contains("--histogram-epochs -1: must be 0 or more").hasLineCount(1);
        assertThat(train("--histogram-epochs 2")).isEqualTo(Main.USAGE);
        assertThat(err.toString()).contains("--histogram-epochs: is for --tensorboard: name its folder, or leave it out");
        assertThat(train("--eval-steps -1")).isEqualTo(Main.USAGE);
        assertThat(err.toString()).contains("steps between evaluations -1: must be 0 or more");
    }

    /** Cut off after step 8 of 12, two steps after the newest checkpoint, and watched from there on in the same folder. */
    @Test
    void aRunThatGoesOnCanBeWatched(Device device) throws IOException {
        assertThat(train("--eval-steps 4 --print-config")).as(err.toString()).isZero();
        RunConfig config = RunConfig.fromJson(out.toString());
        TrainListener dying = new TrainListener() {
            @Override
            public void evaluated(StepEvaluation figures) {
                if (figures.step() == 8) {
                    throw new IllegalStateException("gone");
                }
            }
        };
        try (TensorBoardListener events = new TensorBoardListener(place.resolve("board"), 0, line -> { })) {
            TrainListener both = TrainListener.all(List.of(events, dying));
            assertThatThrownBy(() -> TrainingRun.execute(device, config, place.resolve("out"), 0, both, () -> false)).hasMessage("gone");
        }
        assertThat(run("train --resume PLACE/out --quiet --tensorboard PLACE/board")).as(err.toString()).isZero();
        assertThat(place.resolve("board").toFile().list()).hasSize(2);
        Events events = Events.read(place.resolve("board"));
        RunHistory history = RunHistory.read(place.resolve("out/metrics.jsonl"));
        assertThat(events.steps("steps/test_loss")).containsExactly(4L, 8L);
        assertThat(events.values("steps/test_loss")).containsExactlyElementsOf(history.steps().stream().map(line -> (float) line.testLoss()).toList());
        assertThat(events.steps("epoch/test_loss")).containsExactly(6L, 12L);
        assertThat(events.values("epoch/test_loss")).containsExactlyElementsOf(history.epochs().stream().map(line -> (float) line.testLoss()).toList());
        assertThat(events.steps("train/loss")).isSorted().doesNotHaveDuplicates().contains(12L);
    }

    /** A folder that is not empty lies where the picture belongs. */
    @Test
    void aRunOutlivesAPictureThatCannotBeWritten() throws IOException {
        Files.createDirectories(place.resolve("out/curves.png/in the way"));
        assertThat(train("--quiet")).as(err.toString()).isZero();
        assertThat(err.toString()).startsWith("separable: the run goes on without curves.png: cannot write " + place.resolve("out/curves.png")).hasLineCount(1);
        assertThat(out.toString()).startsWith("test accuracy ");
    }
}
