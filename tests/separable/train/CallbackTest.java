package separable.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import separable.data.Dataset;
import separable.data.IdxFiles;
import separable.data.KnownDataset;
import separable.data.KnownDataset.Part;
import separable.data.Sampler;
import separable.device.Device;
import separable.exchange.NamedTensor;
import separable.exchange.SafeTensors;
import separable.graph.StateValue;
import separable.testing.DeviceExtension;

/** One's own code in a run: what it hears, what it sees, and that it can end the run. */
@ExtendWith(DeviceExtension.class)
class CallbackTest {

    private static final int BATCH = 4;
    private static final int STEPS = 24;
    private static final int SIDE = 9;

    @TempDir
    Path place;

    private Path out;

    @BeforeEach
    void writeData() throws IOException {
        IdxFiles.write(place, BATCH * STEPS, 10, SIDE);
        out = place.resolve("out");
    }

    private RunConfig config(int epochs) {
        Recipe recipe = Defaults.of("separable-cnn", KnownDataset.MNIST, true).recipe().withEpochs(epochs).withBatch(BATCH);
        return new RunConfig(ModelConfig.separableCnn(List.of(8, 8, 8, 8), SIDE, 1, 10), new DataConfig("mnist", place.toString()), recipe);
    }

    private Evaluation train(Device device, RunConfig config, int checkpointSteps, TrainListener listener) {
        return TrainingRun.execute(device, config, out, checkpointSteps, listener, () -> false);
    }

    private byte[] weights() throws IOException {
        return Files.readAllBytes(out.resolve("model.safetensors"));
    }

    // begin target-accuracy
    /** Ends a run as soon as an epoch reaches an accuracy, and prints how large the classifier's weights have grown. */
    static final class TargetAccuracy implements TrainListener {

        private final double target;
        private RunContext run;

        TargetAccuracy(double target) {
            this.target = target;
        }

        @Override
        public void runStarted(RunContext started) {
            run = started;
        }

        @Override
        public void epochEnded(EpochMetrics metrics) {
            StateValue.Floats classifier = (StateValue.Floats) run.weights().get("classifier.weight");
            float largest = 0;
            for (float weight : classifier.values()) {
                largest = Math.max(largest, Math.abs(weight));
            }
            System.out.printf("after %d steps the largest weight is %.3f%n", run.steps(), largest);
            if (metrics.testAccuracy() >= target) {
                run.stop();
            }
        }
    }
    // end target-accuracy

    @Test
    void theExampleEndsARunAfterItsFirstEpoch(Device device) throws IOException {
        Evaluation test = train(device, config(3), 0, new TargetAccuracy(0));
        assertThat(Files.readAllLines(out.resolve("metrics.jsonl"))).hasSize(1);
        assertThat(test.count()).isEqualTo(10);
        out = place.resolve("never");
        train(device, config(2), 0, new TargetAccuracy(2));
        assertThat(Files.readAllLines(out.resolve("metrics.jsonl"))).hasSize(2);
    }

    /** The weights saved are those after the last step, and the run goes on from them as if it had never been stopped. */
    @Test
    void aCallbackStopsTrainingWithinAnEpoch(Device device) throws IOException {
        Evaluation whole = train(device, config(2), 0, new TrainListener() { });
        byte[] weights = weights();
        out = place.resolve("stopped");
        List<Long> ended = new ArrayList<>();
        Evaluation stopped = train(device, config(2), 0, new TrainListener() {
            private RunContext run;

            @Override
            public void runStarted(RunContext started) {
                run = started;
            }

            @Override
            public void stepsDone(int step, Evaluation soFar, double seconds) {
                run.stop();
            }

            @Override
            public void runEnded(Evaluation test) {
                ended.add(run.steps());
                assertSame(run.weights(), out.resolve("model.safetensors"), "");
            }
        });
        assertThat(stopped).isEqualTo(Evaluation.NOTHING);
        assertThat(ended).singleElement().satisfies(steps -> assertThat(steps).isBetween(16L, STEPS - 1L));
        assertThat(weights()).isNotEqualTo(weights);
        assertThat(TrainingRun.resume(device, out, 0, new TrainListener() { }, () -> false)).isEqualTo(whole);
        assertThat(weights()).isEqualTo(weights);
    }

    /** Stops a run after its step {@code last}, 0 for before the first, and sees that the weights saved are those then. */
    private static final class StoppingAt implements TrainListener {

        private final long last;
        private RunContext run;
        private final List<Long> steps = new ArrayList<>();

        StoppingAt(long last) {
            this.last = last;
        }

        @Override
        public void runStarted(RunContext started) {
            run = started;
            stopAt(started.steps());
        }

        @Override
        public void stepEnqueued(long step) {
            assertThat(run.steps()).isEqualTo(step);
            steps.add(step);
            stopAt(step);
        }

        @Override
        public void runEnded(Evaluation test) {
            assertSame(run.weights(), run.folder().resolve("model.safetensors"), "");
        }

        private void stopAt(long step) {
            if (step == last) {
                run.stop();
            }
        }
    }

    /** At a step that is nothing else's, at one with an evaluation, at an epoch's last, and in the second epoch. */
    @Test
    void aCallbackStopsTrainingAtAnExactStep(Device device) throws IOException {
        RunConfig plain = config(2);
        RunConfig config = new RunConfig(plain.model(), plain.data(), plain.recipe().withEvaluation(new EvaluationConfig(10, 4, 0)));
        Evaluation whole = train(device, config, 0, new TrainListener() { });
        byte[] weights = weights();
        out = place.resolve("stopped");
        StoppingAt first = new StoppingAt(3);
        train(device, config, 0, first);
        assertThat(first.steps).containsExactly(1L, 2L, 3L);
        for (long last : new long[] {10, STEPS, STEPS + 1}) {
            Position before = Checkpoint.read(out.resolve(Checkpoint.LAST)).position();
            StoppingAt listener = new StoppingAt(last);
            TrainingRun.resume(device, out, 0, listener, () -> false);
            assertThat(listener.steps).startsWith((long) before.epochs() * STEPS + before.step() + 1).endsWith(last);
            Position position = Checkpoint.read(out.resolve(Checkpoint.LAST)).position();
            assertThat((long) position.epochs() * STEPS + position.step()).isEqualTo(last);
        }
        assertThat(TrainingRun.resume(device, out, 0, new TrainListener() { }, () -> false)).isEqualTo(whole);
        assertThat(weights()).isEqualTo(weights);
    }

    @Test
    void aRunStoppedBeforeItsFirstStepIsSavedAndGoesOn(Device device) throws IOException {
        StoppingAt listener = new StoppingAt(0);
        assertThat(train(device, config(1), 0, listener)).isEqualTo(Evaluation.NOTHING);
        assertThat(listener.steps).isEmpty();
        assertThat(Files.readString(out.resolve("metrics.jsonl"))).isEmpty();
        Evaluation goneOn = TrainingRun.resume(device, out, 0, new TrainListener() { }, () -> false);
        byte[] weights = weights();
        out = place.resolve("whole");
        assertThat(train(device, config(1), 0, new TrainListener() { })).isEqualTo(goneOn);
        assertThat(weights()).isEqualTo(weights);
    }

    private static void assertSame(Map<String, StateValue> values, Path file, String prefix) {
        try {
            SafeTensors saved = SafeTensors.read(file);
            values.forEach((name, value) -> {
                NamedTensor tensor = saved.tensor(prefix + name);
                if (value instanceof StateValue.Floats floats) {
                    assertThat(floats.values()).as(name).isEqualTo(tensor.floats());
                } else {
                    assertThat(((StateValue.Counter) value).value()).as(name).isEqualTo(tensor.integers()[0]);
                }
            });
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void hearsEverythingInOrderAndSeesTheWeightsOfTheStep(Device device) {
        List<String> heard = new ArrayList<>();
        RunConfig config = new RunConfig(config(1).model(), config(1).data(), config(1).recipe().withEvaluation(new EvaluationConfig(10, 4, 0)));
        train(device, config, 9, new TrainListener() {
            private RunContext run;

            @Override
            public void runStarted(RunContext started) {
                run = started;
                assertThat(run.config()).isEqualTo(config);
                assertThat(run.folder()).isEqualTo(out);
                assertThat(run.batch()).isEmpty();
                hear("started");
            }

            @Override
            public void epochStarted(int epoch, int epochs, int steps, int done) {
                hear("epoch of " + steps);
            }

            @Override
            public void evaluating(int epoch) {
                hear("evaluating");
            }

            @Override
            public void evaluated(StepEvaluation figures) {
                hear("evaluated");
            }

            @Override
            public void checkpointed(long steps) {
                hear("checkpoint");
                assertThat(steps).isEqualTo(run.steps());
                Checkpoint last = Checkpoint.read(out.resolve(Checkpoint.LAST));
                assertSame(run.weights(), out.resolve(last.tensors()), "model.");
                assertThat(run.gradients().keySet()).isSubsetOf(run.weights().keySet()).isNotEmpty();
                assertThat(run.gradients().values()).anyMatch(gradient -> gradient.values()[0] != 0);
            }

            @Override
            public void epochEvaluated(EpochMetrics metrics) {
                hear("epoch evaluated");
                assertThat(Checkpoint.read(out.resolve(Checkpoint.LAST)).position().step()).as("of the checkpoint then").isEqualTo(18);
            }

            @Override
            public void epochEnded(EpochMetrics metrics) {
                hear("epoch ended");
            }

            @Override
            public void runEnded(Evaluation test) {
                hear("ended");
            }

            private void hear(String what) {
                heard.add(run.steps() + " " + what);
            }
        });
        assertThat(heard).containsExactly("0 started", "0 epoch of 24", "9 checkpoint", "10 evaluating", "10 evaluated", "18 checkpoint",
                "20 evaluating", "20 evaluated", "24 evaluating", "24 epoch evaluated", "24 checkpoint", "24 epoch ended", "24 ended");
    }

    @Test
    void seesThePicturesOfTheLastStep(Device device) {
        RunConfig plain = config(1);
        InputConfig input = plain.recipe().input();
        RunConfig config = new RunConfig(plain.model(), plain.data(),
                plain.recipe().withInput(InputConfig.of(input.mean(), input.deviation())));
        List<TrainingBatch> seen = new ArrayList<>();
        train(device, config, 0, new TrainListener() {
            private RunContext run;

            @Override
            public void runStarted(RunContext started) {
                run = started;
            }

            @Override
            public void epochEnded(EpochMetrics metrics) {
                seen.add(run.batch().orElseThrow());
            }
        });
        Dataset pictures = config.data().load(Part.TRAIN);
        int[] order = new Sampler(pictures.count(), config.recipe().seed()).shuffled(0);
        TrainingBatch batch = seen.get(0);
        assertThat(batch.count()).isEqualTo(BATCH);
        for (int row = 0; row < BATCH; row++) {
            int picture = order[BATCH * (STEPS - 1) + row];
            byte[] pixels = new byte[SIDE * SIDE];
            pictures.read(picture, ByteBuffer.wrap(pixels));
            assertThat(batch.picture(row)).isEqualTo(pixels);
            assertThat(batch.labels()[row]).isEqualTo(pictures.label(picture));
        }
        assertThat(Arrays.equals(batch.picture(0), batch.picture(1))).isFalse();
    }
}
