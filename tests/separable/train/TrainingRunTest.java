package separable.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import separable.data.Dataset;
import separable.data.IdxFiles;
import separable.data.KnownDataset;
import separable.data.KnownDataset.Part;
import separable.device.Device;
import separable.exchange.SafeTensors;
import separable.graph.Parameters;
import separable.graph.Schedule;
import separable.graph.StateValue;
import separable.spec.Precision;
import separable.testing.DeviceExtension;
import separable.tune.Effort;
import separable.tune.Tuning;

/** Whole runs on a small data set that can be learnt: a bright bar whose place is the class. */
@ExtendWith(DeviceExtension.class)
class TrainingRunTest {

    private static final int TRAIN = 96;
    private static final int TEST = 20;
    private static final int SIDE = 10;

    @TempDir
    Path place;

    @BeforeEach
    void writeData() throws IOException {
        IdxFiles.write(place, TRAIN, TEST, SIDE);
    }

    /** A few launches a step. */
    private static ModelConfig cnn() {
        return ModelConfig.separableCnn(List.of(8, 8, 8, 8), SIDE, 1, 10);
    }

    /** With batch normalisation and dropout. */
    private static ModelConfig mobileNet() {
        return ModelConfig.mobileNet("mobilenet-v1", 0.05, SIDE, 1, 10, 1, 0.1f);
    }

    private RunConfig config(ModelConfig model, Recipe recipe) {
        return new RunConfig(model, new DataConfig("mnist", place.toString()), recipe);
    }

    private RunConfig config(Recipe recipe) {
        return config(cnn(), recipe);
    }

    private static Recipe recipe(int epochs) {
        return Defaults.of("separable-cnn", KnownDataset.MNIST, true).recipe().withEpochs(epochs).withBatch(16);
    }

    private byte[] weightsAfter(Device device, Recipe recipe, String out) throws IOException {
        TrainingRun.execute(device, config(mobileNet(), recipe), place.resolve(out), 0, new TrainListener() { }, () -> false);
        return Files.readAllBytes(place.resolve(out).resolve(TrainingRun.MODEL_FILE));
    }

    @Test
    void writesWeightsConfigurationAndFigures(Device device) throws IOException {
        Path out = place.resolve("out");
        RunConfig config = config(mobileNet(), recipe(2));
        Evaluation last = TrainingRun.execute(device, config, out, 0, new TrainListener() { }, () -> false);

        assertThat(out.toFile().list()).contains("model.safetensors", "config.json", "metrics.jsonl",
                "checkpoint-last.json", "checkpoint-best.json");
        assertThat(RunConfig.read(out.resolve("config.json"))).isEqualTo(config);
        List<String> lines = Files.readAllLines(out.resolve("metrics.jsonl"));
        assertThat(lines).hasSize(2);
        EpochMetrics second = new Gson().fromJson(lines.get(1), EpochMetrics.class);
        assertThat(second.epoch()).isEqualTo(2);
        assertThat(second.step()).isEqualTo(2 * (TRAIN / 16));
        assertThat(second.testAccuracy()).isEqualTo(last.accuracy());
        assertThat(last.count()).isEqualTo(TEST);
        SafeTensors weights = SafeTensors.read(out.resolve("model.safetensors"));
        assertThat(weights.tensor("conv_stem.weight").shape()).containsExactly(8, 1, 3, 3);
        assertThat(weights.tensor("bn1.num_batches_tracked").integers()).containsExactly(2 * (TRAIN / 16));
        assertThat(weights.tensor("classifier.weight").shape()).startsWith(10);
    }

    /** Who asks for measurement hears where there is none. */
    @Test
    void theFusedScheduleSaysThatItIsNotTuned(Device device) {
        for (Effort effort : List.of(Effort.QUICK, Effort.OFF)) {
            List<String> heard = new ArrayList<>();
            Recipe recipe = recipe(1).withStepSchedule(Schedule.FUSED).withTune(effort);
            TrainingRun.execute(device, config(mobileNet(), recipe), place.resolve(effort.toString()), 0, new TrainListener() {
                @Override
                public void warned(String message) {
                    heard.add(message);
                }
            }, () -> false);
            assertThat(heard).hasSize(effort == Effort.OFF ? 0 : 1).allMatch(message -> message.startsWith("tuning quick: the fused schedule's kernels are chosen by rule"));
        }
    }

    @Test
    void evaluatesWithinEpochsWithoutTouchingTheTraining(Device device) throws IOException {
        byte[] plain = weightsAfter(device, recipe(2), "plain");
        Recipe evaluating = recipe(2).withEvaluation(new EvaluationConfig(4, 15, 0));
        List<StepEvaluation> heard = new ArrayList<>();
        List<String> files = new ArrayList<>();
        Path out = place.resolve("out");
        TrainingRun.execute(device, config(mobileNet(), evaluating), out, 0, new TrainListener() {
            @Override
            public void evaluated(StepEvaluation figures) {
                heard.add(figures);
                files.add(text(out.resolve("metrics.jsonl")));
            }
        }, () -> false);
        assertThat(Files.readAllBytes(out.resolve("model.safetensors"))).isEqualTo(plain);
        // Six steps an epoch: 4, 8 and, at an end that has its own evaluation, not 12.
        assertThat(heard).extracting(StepEvaluation::step).containsExactly(4, 8);
        assertThat(heard).extracting(StepEvaluation::epoch).containsExactly(1, 2);
        assertThat(heard).allMatch(figures -> figures.testPictures() == 15 && figures.trainLoss() > 0 && figures.testLoss() > 0);
        List<String> lines = Files.readAllLines(out.resolve("metrics.jsonl"));
        assertThat(lines).extracting(line -> line.substring(0, line.indexOf(','))).containsExactly(
                "{\"kind\":\"steps\"", "{\"kind\":\"epoch\"", "{\"kind\":\"steps\"", "{\"kind\":\"epoch\"");
        assertThat(new Gson().fromJson(lines.get(0), StepEvaluation.class)).isEqualTo(heard.get(0));
        assertThat(files).containsExactly(lines.get(0) + "\n", String.join("\n", lines.subList(0, 3)) + "\n");
    }

    /** Figures of training between two evaluations and to the epoch's end make up the epoch's. */
    @Test
    void theFiguresOfTrainingAreThoseSinceTheLastEvaluation(Device device) {
        List<StepEvaluation> heard = new ArrayList<>();
        List<EpochMetrics> epochs = new ArrayList<>();
        TrainingRun.execute(device, config(recipe(1).withEvaluation(new EvaluationConfig(1, 0, 0))), place.resolve("out"), 0, new TrainListener() {
            @Override
            public void evaluated(StepEvaluation figures) {
                heard.add(figures);
            }

            @Override
            public void epochEnded(EpochMetrics metrics) {
                epochs.add(metrics);
            }
        }, () -> false);
        int steps = TRAIN / 16;
        assertThat(heard).hasSize(steps - 1).allMatch(figures -> figures.testPictures() == TEST);
        double before = heard.stream().mapToDouble(StepEvaluation::trainLoss).sum();
        double last = steps * epochs.get(0).trainLoss() - before;
        assertThat(last).isBetween(0.2 * before / (steps - 1), 2 * before / (steps - 1));
        assertThat(heard).extracting(StepEvaluation::trainLoss).doesNotHaveDuplicates();
    }

    @Test
    void thePlansAreWrittenBeforeTheFirstStep(Device device) {
        Path out = place.resolve("out");
        List<String> seen = new ArrayList<>();
        TrainListener listener = new TrainListener() {
            @Override
            public void epochStarted(int epoch, int epochs, int steps, int done) {
                seen.add(text(out.resolve("plan.txt")));
            }
        };
        TrainingRun.execute(device, config(recipe(1)), out, 0, listener, () -> false);
        assertThat(seen).singleElement().asString().contains("ConvBackwardFilter", "bytes of arena", "\nconvolutions\n")
                .containsPattern("\nfilter .*: DepthwiseConv .* \\(by rule\\)\n");
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of every convolution of the step and of the evaluation, once. */
    @Test
    void aTunedPlanNamesWinnersAndRunnersUpWithTheirTimes(Device device) {
        RunConfig config = config(recipe(1));
        try (Trainer trainer = new Trainer(device, config.model().network(), config.recipe(), config.data().load(Part.TRAIN),
                config.data().load(Part.TEST), Tuning.of(Effort.QUICK).withoutCache())) {
            String plans = trainer.describePlans();
            List<String> choices = plans.substring(plans.indexOf("\nconvolutions\n")).lines().skip(2).toList();
            assertThat(choices).hasSizeGreaterThan(10).doesNotHaveDuplicates()
                    .allMatch(line -> line.matches(".* [0-9.]+ us(; next .* [0-9.]+ us)? \\(measured, quick.*"))
                    .anyMatch(line -> line.contains("; next "));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"fp32", "tf32", "bf16", "fp16"})
    void learnsInTwoEpochs(String precision, Device device) throws IOException {
        IdxFiles.write(place, 600, 100, SIDE);
        ModelConfig model = ModelConfig.separableCnn(List.of(24, 24, 24, 24), SIDE, 1, 10);
        Recipe recipe = recipe(2).withBatch(10).withPrecision(Precision.parse(precision))
                .withOptimizer(new OptimizerConfig("adam", 0.005f, 0, 0.9f, 0))
                .withSchedule(ScheduleConfig.usual("cosine", 0.1, 2));
        Evaluation last = TrainingRun.execute(device, config(model, recipe), place.resolve("out"), 0, new TrainListener() { }, () -> false);
        assertThat(last.accuracy()).as("accuracy on ten classes after two epochs").isGreaterThan(0.9);
        assertThat(Files.readAllLines(place.resolve("out/metrics.jsonl"))).hasSize(2)
                .allSatisfy(line -> assertThat(line.matches(".*\"lossScale\":\\d+\\.0,\"skippedSteps\":\\d+}")).as(line).isEqualTo(precision.equals("fp16")));
        assertThat(RunConfig.read(place.resolve("out/config.json")).recipe().precision()).isEqualTo(precision);
    }

    @ParameterizedTest
    @ValueSource(strings = {"fp32", "bf16"})
    void theSameSeedGivesTheSameBytes(String precision, Device device) throws IOException {
        Recipe recipe = recipe(1).withPrecision(Precision.parse(precision));
        byte[] first = weightsAfter(device, recipe, "first");
        assertThat(weightsAfter(device, recipe, "second")).isEqualTo(first);
        assertThat(weightsAfter(device, recipe.withGraph(false), "plain launches")).isEqualTo(first);
        assertThat(weightsAfter(device, recipe.withSeed(2), "other seed")).isNotEqualTo(first);
    }

    /** Without batch normalisation the mean gradient of two batches is that of both together. */
    @Test
    void twoBatchesAStepTrainAsOneOfTwiceTheSize(Device device) {
        Recipe recipe = recipe(1).withOptimizer(new OptimizerConfig("nesterov", 0.05f, 1e-3f, 0.9f, 0)).withSchedule(ScheduleConfig.usual("constant", 0, 1));
        float[] large = weights(device, recipe.withBatch(16));
        float[] small = weights(device, recipe.withBatch(8).withUpdate(UpdateConfig.PLAIN.withAccumulate(2)));
        assertThat(weights(device, recipe.withBatch(8))).as("and not as twice as many steps").isNotEqualTo(small);
        for (int i = 0; i < large.length; i++) {
            assertThat(small[i]).isCloseTo(large[i], within(2e-5f));
        }
    }

    private float[] weights(Device device, Recipe recipe) {
        try (Trainer trainer = new Trainer(device, cnn().network(), recipe, KnownDataset.MNIST.load(place, Part.TRAIN), KnownDataset.MNIST.load(place, Part.TEST))) {
            EpochMetrics metrics = trainer.trainEpoch();
            assertThat(metrics.step()).isEqualTo(TRAIN / recipe.picturesPerStep());
            assertThat(trainer.lastEvaluation().count()).isEqualTo(TEST);
            return trainer.parameters().weights().readFloats(0, trainer.parameters().elements());
        }
    }

    /** A whole epoch a step, so that the weights after every step can be looked at. */
    @Test
    void evaluationAndFilesHaveTheAveragedWeights(Device device) throws IOException {
        Recipe recipe = recipe(3).withBatch(TRAIN).withUpdate(UpdateConfig.PLAIN.withEma(0.2f));
        Dataset train = KnownDataset.MNIST.load(place, Part.TRAIN);
        Dataset test = KnownDataset.MNIST.load(place, Part.TEST);
        try (Trainer trainer = new Trainer(device, mobileNet().network(), recipe, train, test)) {
            String bias = "classifier.bias";
            float[] average = floats(trainer.parameters(), bias);
            for (int step = 1; step <= 3; step++) {
                trainer.trainEpoch();
                float[] now = floats(trainer.parameters(), bias);
                double kept = Math.min(0.2, (1.0 + step) / (10 + step));
                for (int i = 0; i < average.length; i++) {
                    average[i] = (float) (kept * average[i] + (1 - kept) * now[i]);
                }
            }
            Path file = place.resolve("averaged.safetensors");
            trainer.save(file);
            assertThat(SafeTensors.read(file).tensor(bias).floats()).usingComparatorWithPrecision(1e-6f).containsExactly(average);
            assertThat(floats(trainer.parameters(), bias)).as("the trained ones are others").isNotEqualTo(floats(trainer.result(), bias));
            Evaluation averaged = trainer.evaluate();
            try (Evaluator raw = new Evaluator(device, mobileNet().network(), trainer.parameters(), recipe, test);
                    Evaluator same = new Evaluator(device, mobileNet().network(), trainer.result(), recipe, test)) {
                assertThat(averaged).isEqualTo(same.run()).isNotEqualTo(raw.run());
            }
        }
    }

    private static float[] floats(Parameters parameters, String name) {
        return ((StateValue.Floats) parameters.export().get(name)).values();
    }

    @Test
    void reportsEveryStepOnceAndInOrder(Device device) {
        List<Integer> steps = new ArrayList<>();
        List<Evaluation> figures = new ArrayList<>();
        TrainingRun.execute(device, config(recipe(1).withBatch(4)), place.resolve("out"), 0, new TrainListener() {
            @Override
            public void stepsDone(int step, Evaluation soFar, double seconds) {
                steps.add(step);
                figures.add(soFar);
            }
        }, () -> false);
        assertThat(steps).isSorted().hasSizeGreaterThan(1).endsWith(TRAIN / 4);
        for (int i = 0; i < steps.size(); i++) {
            assertThat(figures.get(i).count()).isEqualTo(4 * steps.get(i));
        }
    }

    @Test
    void stopsBetweenStepsWithoutTouchingResults(Device device) throws IOException {
        byte[] before = weightsAfter(device, recipe(1), "out");
        int[] asked = {0};
        assertThatThrownBy(() -> TrainingRun.execute(device, config(recipe(1).withSeed(9)), place.resolve("out"), 0, new TrainListener() { },
                () -> ++asked[0] > 3)).isInstanceOf(StoppedException.class)
                .hasMessage("stopped in epoch 1, after step 3 of 6: go on with  ./separable train --resume " + place.resolve("out"));
        assertThat(Files.readAllBytes(place.resolve("out/model.safetensors"))).isEqualTo(before);
    }

    @Test
    void leavesNothingOnTheDevice(Device device) {
        TrainingRun.execute(device, config(recipe(1)), place.resolve("out"), 0, new TrainListener() { }, () -> false);
        long before = device.liveBytes();
        TrainingRun.execute(device, config(recipe(1)), place.resolve("out"), 0, new TrainListener() { }, () -> false);
        assertThat(device.liveBytes()).isEqualTo(before);
    }

    @Test
    void refusesWhatDoesNotFit(Device device) {
        Dataset train = KnownDataset.MNIST.load(place, Part.TRAIN);
        Dataset test = KnownDataset.MNIST.load(place, Part.TEST);
        long before = device.liveBytes();
        assertThatThrownBy(() -> new Trainer(device, config(recipe(1)).model().network(), recipe(1).withBatch(TRAIN + 1), train, test))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("mnist train has only 96 pictures");
        assertThatThrownBy(() -> new Trainer(device, ModelConfig.separableCnn(List.of(8, 8, 8, 8), SIDE, 3, 10).network(), recipe(1), train, test))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("pictures of 1 channels for a network of 3");
        assertThat(device.liveBytes()).isEqualTo(before);
    }

    @Test
    void trainsNoFurtherThanItsSchedule(Device device) {
        Dataset train = KnownDataset.MNIST.load(place, Part.TRAIN);
        Dataset test = KnownDataset.MNIST.load(place, Part.TEST);
        try (Trainer trainer = new Trainer(device, cnn().network(), recipe(1), train, test)) {
            trainer.trainEpoch();
            assertThat(trainer.evaluate().count()).isEqualTo(TEST);
            assertThatThrownBy(trainer::trainEpoch).isInstanceOf(IllegalStateException.class);
        }
    }
}
