package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import separable.train.EpochMetrics;
import separable.train.Evaluation;

class ProgressTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void theLastLineNamesAccuracyAndLoss() {
        assertThat(TrainCommand.lastLine(new Evaluation(3521, 8731, 9900, 10000))).isEqualTo("test accuracy 0.8731 (8731 of 10000), loss 0.3521");
    }

    @Test
    void linesComeEveryFewSeconds() {
        try (Progress lines = new LineProgress(new PrintWriter(out, true), new PrintWriter(err, true), 64)) {
            lines.epochStarted(2, 3, 100, 0);
            lines.stepsDone(10, new Evaluation(640, 64, 320, 640), 4.9);
            lines.stepsDone(20, new Evaluation(1280, 128, 640, 1280), 5.1);
            lines.stepsDone(30, new Evaluation(1920, 192, 960, 1920), 7.0);
            lines.epochEnded(new EpochMetrics(2, 200, 0.1f, 1, 0.1, 0.9, 0.2, 250.4, 70));
        }
        // Of two epochs of 100 steps 180 are left, at 20 steps in 5.1 s.
        assertThat(err.toString()).isEqualTo("epoch 2/3, step 20/100: loss 1.0000, accuracy 0.1000, 251 images/s, 0:46 left\n");
        assertThat(out.toString()).isEqualTo("epoch 2/3: train loss 1.0000, accuracy 0.1000; test loss 0.9000, accuracy 0.2000; 250 images/s, 1:10\n");
    }

    @Test
    void durationsReadWell() {
        assertThat(Progress.duration(59.6)).isEqualTo("1:00");
        assertThat(Progress.duration(3723)).isEqualTo("1:02:03");
        assertThat(Progress.duration(Double.NaN)).isEqualTo("-");
    }
}
