package separable.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.data.IdxFiles;
import separable.data.KnownDataset;
import separable.data.PictureFiles;
import separable.device.Device;
import separable.graph.Schedule;
import separable.kernel.LossScale;
import separable.spec.Precision;
import separable.testing.DeviceExtension;

/** Runs that are cut and go on end in the same bytes as one that never was. */
@ExtendWith(DeviceExtension.class)
class ResumeTest {

    private static final int EPOCHS = 2;
    private static final int STEPS = 4;
    private static final int SIDE = 9;
    private static final AugmentConfig VARIED = new AugmentConfig(1, 1, true, true, 20, 0.3f, 0.3f, 0, 0, 0.5f, 0.4f, 1);

    @TempDir
    Path place;

    private Path out;

    @BeforeEach
    void writeData() throws IOException {
        IdxFiles.write(place, 8 * STEPS, 10, SIDE);
        out = place.resolve("out");
    }

    /** With batch normalisation, dropout and pictures that are drawn anew: what hangs on the step's number and on the running statistics. */
    private RunConfig config(String optimizer, String precision) {
        ModelConfig model = ModelConfig.mobileNet("mobilenet-v1", 0.05, SIDE, 1, 10, 1, 0.2f);
        Recipe recipe = Defaults.of("mobilenet-v1", KnownDataset.MNIST, optimizer, true).recipe().withEpochs(EPOCHS).withBatch(8)
                .withPrecision(Precision.parse(precision)).withInput(InputConfig.of(List.of(0.5f), List.of(0.5f)).withAugment(VARIED));
        return new RunConfig(model, new DataConfig("mnist", place.toString()), recipe);
    }

    /** A few launches a step: for what hangs on files alone. */
    private RunConfig small(String optimizer) {
        RunConfig config = config(optimizer, "fp32");
        return new RunConfig(ModelConfig.separableCnn(List.of(8, 8, 8, 8), SIDE, 1, 10), config.data(), config.recipe());
    }

    /** Stops before the step after {@code steps} more. */
    private static BooleanSupplier after(int steps) {
        int[] asked = {0};
        return () -> asked[0]++ >= steps;
    }

    private void begin(Device device, RunConfig config, BooleanSupplier stop) {
        TrainingRun.execute(device, config, out, 0, new TrainListener() { }, stop);
    }

    private Evaluation goOn(Device device, BooleanSupplier stop) {
        return TrainingRun.resume(device, out, 0, new TrainListener() { }, stop);
    }

    private void cut(Device device, RunConfig config, int steps) {
        assertThatThrownBy(() -> begin(device, config, after(steps))).isInstanceOf(StoppedException.class);
    }

    /** Everything a run leaves that does not tell the time. */
    private record Left(String weights, String best, List<EpochMetrics> metrics, Evaluation test) {
    }

    private Left left(Evaluation test) throws IOException {
        List<EpochMetrics> metrics = Files.readAllLines(out.resolve("metrics.jsonl")).stream().map(line -> new Gson().fromJson(line, EpochMetrics.class))
                .map(m -> new EpochMetrics(m.epoch(), m.step(), m.learningRate(), m.trainLoss(), m.trainAccuracy(), m.testLoss(), m.testAccuracy(), 0, 0, null, null, m.lossScale(), m.skippedSteps()))
                .toList();
        return new Left(Digest.sha256(out.resolve("model.safetensors")), Digest.sha256(out.resolve("model-best.safetensors")), metrics, test);
    }

    @ParameterizedTest
    @CsvSource({"nesterov, fp32, plain, false", "rmsprop, fp32, plain, false", "adamw, bf16, plain, false", "nesterov, fp32, plain, true",
            "adamw, fp16, plain, true", "rmsprop, bf16, fused, false"})
    void aCutRunEndsInTheSameBytes(String optimizer, String precision, String schedule, boolean more, Device device) throws IOException {
        RunConfig config = scheduled(more ? withAllAroundTheRule(config(optimizer, precision)) : config(optimizer, precision), Schedule.parse(schedule));
        Left whole = left(TrainingRun.execute(device, config, out, 0, new TrainListener() { }, () -> false));
        long before = device.liveBytes();
        out = place.resolve("cut");
        cut(device, config, 0);
        assertThatThrownBy(() -> goOn(device, after(3))).isInstanceOf(StoppedException.class).hasMessageContaining("in epoch 1, after step 3 of 4");
        // The fifth question is asked in the evaluation, the epoch's steps being done.
        assertThatThrownBy(() -> goOn(device, after(1))).hasMessageContaining("while evaluating");
        assertThatThrownBy(() -> goOn(device, after(5))).hasMessageContaining("in epoch 2, after step");
        assertThat(left(goOn(device, () -> false))).isEqualTo(whole);
        assertThat(device.liveBytes()).isEqualTo(before);
        assertThat(files()).filteredOn(Checkpoint::isTensorsFile).hasSizeBetween(1, 2);
    }

    /** The cache of decoded pictures is no part of the run: without it they are decoded to the same bytes. */
    @Test
    void aCutRunOnAFolderOfPicturesEndsInTheSameBytes(Device device) throws IOException {
        PictureFiles.writeClasses(place.resolve("pictures"), 12, SIDE);
        RunConfig config = onAFolder(place.resolve("pictures"));
        Left whole = left(TrainingRun.execute(device, config, out, 0, new TrainListener() { }, () -> false));
        out = place.resolve("cut");
        cut(device, config, STEPS - 1);
        Files.move(place.resolve("cache"), place.resolve("elsewhere"));
        assertThat(left(goOn(device, () -> false))).isEqualTo(whole);
    }

    private RunConfig onAFolder(Path pictures) {
        RunConfig config = config("nesterov", "fp32");
        List<Float> half = List.of(0.5f, 0.5f, 0.5f);
        return new RunConfig(ModelConfig.mobileNet("mobilenet-v1", 0.05, SIDE, 3, 3, 1, 0.2f),
                new DataConfig(DataConfig.FOLDER, pictures.toString(), List.of("blue", "green", "red"), 3, SIDE,
                        new FolderConfig(0.1, 1, 0, place.resolve("cache").toString())),
                config.recipe().withInput(InputConfig.of(half, half).withAugment(VARIED)));
    }

    private static RunConfig scheduled(RunConfig config, Schedule schedule) {
        return new RunConfig(config.model(), config.data(), config.recipe().withStepSchedule(schedule));
    }

    /** Two batches a step, clipped gradients, averaged weights, frozen layers. */
    private static RunConfig withAllAroundTheRule(RunConfig config) {
        return new RunConfig(config.model(), config.data(), config.recipe().withBatch(4)
                .withUpdate(new UpdateConfig(2, 0.5f, 0.999f, "all", List.of("conv_stem", "blocks.2"))));
    }

    /** At such a rate no accuracy changes: the second epoch is not better than the first, and the run of six ends. */
    private RunConfig impatient() {
        RunConfig config = config("nesterov", "fp32");
        return new RunConfig(config.model(), config.data(), config.recipe().withEpochs(6).withEvaluation(EvaluationConfig.EPOCHS.withPatience(1))
                .withOptimizer(new OptimizerConfig("sgd", 1e-9f, 0, 0, 0)).withSchedule(new ScheduleConfig("constant", 0, 1, 1))
                .withUpdate(UpdateConfig.PLAIN.withFrozen(List.of("conv_stem", "bn1", "blocks"))));
    }

    @Test
    void aRunWhosePatienceIsOverStaysEndedWhereverItIsCut(Device device) throws IOException {
        List<String> heard = new ArrayList<>();
        TrainListener listener = new TrainListener() {
            @Override
            public void endedEarly(int epoch, int epochs, int best) {
                heard.add(epoch + " of " + epochs + ", best " + best);
            }
        };
        Left whole = left(TrainingRun.execute(device, impatient(), out, 0, listener, () -> false));
        assertThat(whole.metrics()).hasSize(2);
        out = place.resolve("cut");
        cut(device, impatient(), STEPS + 4);
        assertThat(left(goOn(device, () -> false))).isEqualTo(whole);
        assertThat(left(TrainingRun.resume(device, out, 0, listener, () -> false))).as("once more").isEqualTo(whole);
        assertThat(heard).containsExactly("2 of 6, best 1", "2 of 6, best 1");
        begin(device, impatient(), () -> false);
    }

    private static RunConfig evaluatingEvery(int steps, RunConfig config) {
        return new RunConfig(config.model(), config.data(), config.recipe().withEvaluation(new EvaluationConfig(steps, 6, 0)));
    }

    /** What {@code metrics.jsonl} says but for the time. */
    private List<JsonObject> lines() throws IOException {
        return Files.readAllLines(out.resolve("metrics.jsonl")).stream().map(line -> {
            JsonObject object = JsonParser.parseString(line).getAsJsonObject();
            object.remove("seconds");
            object.remove("imagesPerSecond");
            return object;
        }).toList();
    }

    /** Steps 3 and 6 of the run's 8 are evaluated after. Cut right before that, in it and right after it, and at the epoch's end. */
    @Test
    void aCutRunMakesEveryEvaluationOnce(Device device) throws IOException {
        RunConfig config = evaluatingEvery(3, config("nesterov", "fp32"));
        Left whole = left(TrainingRun.execute(device, config, out, 0, new TrainListener() { }, () -> false));
        List<JsonObject> lines = lines();
        assertThat(lines).extracting(line -> line.get("kind").getAsString() + " " + line.get("step")).containsExactly("steps 3", "epoch 4", "steps 6", "epoch 8");
        for (int asked : new int[] {2, 3, 4, 6}) {
            out = place.resolve("cut " + asked);
            cut(device, config, asked);
            Left left = left(goOn(device, () -> false));
            assertThat(left).as("cut after %d", asked).isEqualTo(whole);
            assertThat(lines()).as("cut after %d", asked).isEqualTo(lines);
        }
    }

    /** The checkpoint of a step comes after its evaluation: the run goes on from the one before. */
    @Test
    void anEvaluationThatNeverCameToAnEndIsMadeAgain(Device device) throws IOException {
        RunConfig config = evaluatingEvery(2, config("nesterov", "fp32"));
        Left whole = left(TrainingRun.execute(device, config, out, 0, new TrainListener() { }, () -> false));
        List<JsonObject> lines = lines();
        out = place.resolve("cut");
        TrainListener dying = new TrainListener() {
            private int evaluations;

            @Override
            public void evaluating(int epoch) {
                if (++evaluations == 2) {
                    throw new IllegalStateException("gone");
                }
            }
        };
        assertThatThrownBy(() -> TrainingRun.execute(device, config, out, 2, dying, () -> false)).hasMessage("gone");
        assertThat(Checkpoint.read(out.resolve(Checkpoint.LAST)).position().step()).isEqualTo(2);
        assertThat(left(goOn(device, () -> false))).isEqualTo(whole);
        assertThat(lines()).isEqualTo(lines);
    }

    private List<String> files() {
        return Arrays.asList(out.toFile().list());
    }

    @Test
    void aFinishedRunHasItsFilesWrittenAnew(Device device) throws IOException {
        Left whole = left(TrainingRun.execute(device, small("adam"), out, 2, new TrainListener() { }, () -> false));
        for (String result : List.of("model.safetensors", "metrics.jsonl", "config.json")) {
            Files.delete(out.resolve(result));
        }
        assertThat(left(goOn(device, () -> false))).isEqualTo(whole);
        assertThat(RunConfig.read(out.resolve("config.json"))).isEqualTo(small("adam"));
    }

    @Test
    void keepsTheBestEpochToGoOnFrom(Device device) throws IOException {
        List<String> models = new ArrayList<>();
        TrainingRun.execute(device, small("adam"), out, 0, new TrainListener() {
            @Override
            public void epochEnded(EpochMetrics metrics) {
                models.add(digest("model.safetensors"));
            }
        }, () -> false);
        Checkpoint best = Checkpoint.read(out.resolve(Checkpoint.BEST));
        assertThat(best.position().step()).isZero();
        assertThat(best.test().accuracy()).isEqualTo(Checkpoint.read(out.resolve(Checkpoint.LAST)).metrics().stream()
                .mapToDouble(EpochMetrics::testAccuracy).max().orElseThrow());
        assertThat(models).doesNotHaveDuplicates();
        assertThat(digest("model-best.safetensors")).isEqualTo(models.get(best.position().epochs() - 1));
        Files.copy(out.resolve(Checkpoint.BEST), out.resolve(Checkpoint.LAST), StandardCopyOption.REPLACE_EXISTING);
        goOn(device, () -> false);
        assertThat(Checkpoint.read(out.resolve(Checkpoint.LAST)).position().epochs()).isEqualTo(EPOCHS);
    }

    private String digest(String name) {
        try {
            return Digest.sha256(out.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** It costs a warning; and where both are damaged, no one is told to put the one in the other's place. */
    @Test
    void goesOnWithoutADamagedBest(Device device) throws IOException {
        Left whole = left(TrainingRun.execute(device, small("adam"), out, 0, new TrainListener() { }, () -> false));
        out = place.resolve("cut");
        cut(device, small("adam"), STEPS + 4);
        byte[] last = Files.readAllBytes(out.resolve(Checkpoint.LAST));
        Files.write(out.resolve(Checkpoint.LAST), new byte[10]);
        assertThatThrownBy(() -> goOn(device, () -> false)).hasMessageContaining("copy checkpoint-best.json to checkpoint-last.json");
        Files.write(out.resolve(Checkpoint.BEST), new byte[10]);
        assertThatThrownBy(() -> goOn(device, () -> false)).hasMessageEndingWith(": delete checkpoint-last.json and start anew");
        Files.write(out.resolve(Checkpoint.LAST), last);
        List<String> warnings = new ArrayList<>();
        TrainListener listener = new TrainListener() {
            @Override
            public void warned(String message) {
                warnings.add(message);
            }
        };
        assertThat(left(TrainingRun.resume(device, out, 0, listener, () -> false))).isEqualTo(whole);
        assertThat(warnings).singleElement().asString().startsWith(out.resolve(Checkpoint.BEST) + ": ").endsWith(": goes on without it").doesNotContain("\n");
    }

    @Test
    void refusesOtherPictures(Device device) throws IOException {
        cut(device, small("adam"), 2);
        byte[] labels = Files.readAllBytes(place.resolve("t10k-labels-idx1-ubyte"));
        labels[labels.length - 1] = (byte) (9 - labels[labels.length - 1]);
        Files.write(place.resolve("t10k-labels-idx1-ubyte"), labels);
        assertThatThrownBy(() -> goOn(device, () -> false)).isInstanceOf(TrainingException.class)
                .hasMessageContaining("checkpoint-last.json: the run had as many pictures as now, but other labels");
        IdxFiles.write(place, 8 * STEPS + 1, 10, SIDE);
        assertThatThrownBy(() -> goOn(device, () -> false)).isInstanceOf(TrainingException.class)
                .hasMessageContaining("the run had 32 pictures to train on and 10 to evaluate on, now there are 33 and 10: put " + place + " back");
        writeData();
        out = place.resolve("out");
        goOn(device, () -> false);
    }

    /** Its first epoch's end is the first time that it has a best of its own. */
    @Test
    void aNewRunLeavesTheOldOnesBestAloneAtFirst(Device device) throws IOException {
        RunConfig old = small("adam");
        RunConfig next = small("nesterov");
        begin(device, old, () -> false);
        String model = digest("model-best.safetensors");
        String tensors = Checkpoint.read(out.resolve(Checkpoint.BEST)).tensors();
        assertThatThrownBy(() -> TrainingRun.execute(device, next, out, 1, new TrainListener() { }, after(2))).isInstanceOf(StoppedException.class);
        assertThatThrownBy(() -> TrainingRun.resume(device, out, 1, new TrainListener() { }, after(1))).isInstanceOf(StoppedException.class);
        assertThat(Checkpoint.read(out.resolve(Checkpoint.LAST)).config()).isEqualTo(next);
        assertThat(Checkpoint.read(out.resolve(Checkpoint.BEST)).config()).isEqualTo(old);
        assertThat(files()).contains(tensors);
        assertThat(digest("model-best.safetensors")).isEqualTo(model);
        goOn(device, () -> false);
        Checkpoint best = Checkpoint.read(out.resolve(Checkpoint.BEST));
        assertThat(best.config()).isEqualTo(next);
        assertThat(files()).contains(best.tensors()).doesNotContain(tensors);
        assertThat(digest("model-best.safetensors")).isNotEqualTo(model);
    }

    @Test
    void doesNotBeginAnewOverAnInterruptedRun(Device device) {
        cut(device, small("adam"), 2);
        assertThatThrownBy(() -> begin(device, small("adam"), () -> false)).isInstanceOf(TrainingException.class)
                .hasMessageContaining("holds a run that was interrupted after 0 of 2 epochs").hasMessageContaining("--resume " + out);
    }

    @Test
    void refusesAFolderWithoutARun(Device device) {
        assertThatThrownBy(() -> goOn(device, () -> false)).isInstanceOf(TrainingException.class)
                .hasMessageContaining("checkpoint-last.json: no such file");
    }

    private static Stream<byte[]> damages(byte[] whole, Random random, int count) {
        return Stream.concat(
                Stream.generate(() -> Arrays.copyOf(whole, random.nextInt(whole.length))).limit(count),
                Stream.generate(() -> {
                    byte[] flipped = whole.clone();
                    // The newline after the JSON says nothing.
                    flipped[random.nextInt(whole.length - 1)] ^= (byte) (1 << random.nextInt(8));
                    return flipped;
                }).limit(count));
    }

    /** Truncated anywhere or with one bit flipped: one line, before anything is trained or written. */
    @Test
    void refusesDamagedFiles(Device device) throws IOException {
        cut(device, small("adam"), 2);
        Random random = new Random(4);
        String tensors = Checkpoint.read(out.resolve(Checkpoint.LAST)).tensors();
        for (String name : List.of(Checkpoint.LAST, tensors)) {
            byte[] whole = Files.readAllBytes(out.resolve(name));
            for (byte[] damaged : damages(whole, random, 40).toList()) {
                Files.write(out.resolve(name), damaged);
                assertThatThrownBy(() -> goOn(device, () -> false)).as(name).isInstanceOf(TrainingException.class)
                        .satisfies(e -> assertThat(e.getMessage()).startsWith(out.resolve(name).toString()).doesNotContain("\n"));
            }
            Files.write(out.resolve(name), whole);
        }
        goOn(device, () -> false);
    }

    @Test
    void refusesTensorsOfAnotherModel(Device device) throws IOException {
        cut(device, small("nesterov"), 2);
        Checkpoint sgd = Checkpoint.read(out.resolve(Checkpoint.LAST));
        Checkpoint mixed = new Checkpoint(Checkpoint.VERSION, small("adam"), sgd.data(), sgd.position(), sgd.metrics(), sgd.evaluations(), sgd.test(), sgd.tensors(), sgd.sha256());
        Files.writeString(out.resolve(Checkpoint.LAST), mixed.toJson());
        assertThatThrownBy(() -> goOn(device, () -> false)).isInstanceOf(TrainingException.class).hasMessageContaining("is missing instead of");
        Checkpoint beyond = new Checkpoint(Checkpoint.VERSION, sgd.config(), sgd.data(), Position.START.at(STEPS + 1, Evaluation.NOTHING, LossScale.NONE), sgd.metrics(),
                sgd.evaluations(), sgd.test(),
                sgd.tensors(), sgd.sha256());
        Files.writeString(out.resolve(Checkpoint.LAST), beyond.toJson());
        assertThatThrownBy(() -> goOn(device, () -> false)).isInstanceOf(TrainingException.class).hasMessageContaining("is beyond a run of 2 epochs of 4 steps");
    }
}
