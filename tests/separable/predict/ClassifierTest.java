package separable.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.data.CifarFiles;
import separable.data.Dataset;
import separable.data.IdxFiles;
import separable.data.KnownDataset;
import separable.data.KnownDataset.Part;
import separable.device.Device;
import separable.picture.Picture;
import separable.predict.ModelReport.Answer;
import separable.spec.Precision;
import separable.testing.DeviceExtension;
import separable.train.TrainingException;

/** Pictures in, classes out, by the way that evaluation goes. */
@ExtendWith(DeviceExtension.class)
class ClassifierTest {

    private static final int PICTURES = 16;
    private static final KnownDataset GREY = KnownDataset.MNIST;

    @TempDir
    Path place;

    private Path run(Device device, KnownDataset dataset, int resolution, float centre, Precision type) throws IOException {
        if (dataset == GREY) {
            IdxFiles.write(place, 64, PICTURES, 28);
        } else {
            CifarFiles.write(place, PICTURES);
        }
        Path out = place.resolve("run");
        SmallRuns.train(device, dataset, place, resolution, centre, type, out);
        return out;
    }

    private Path greyRun(Device device) throws IOException {
        return run(device, GREY, 28, 1, Precision.FP32);
    }

    private List<Picture> testPictures(KnownDataset dataset) {
        Dataset pictures = dataset.load(place, Part.TEST);
        return IntStream.range(0, PICTURES).mapToObj(index -> SmallRuns.picture(pictures, index)).toList();
    }

    private static Picture random(int height, int width, int channels) {
        byte[] pixels = new byte[height * width * channels];
        new Random(height).nextBytes(pixels);
        return new Picture(height, width, channels, pixels);
    }

    /** To the bit, of one batch size, also where the batch kernel resamples; a batch of another size may sum in another order. */
    @ParameterizedTest
    @CsvSource({"mnist, 28, 1, fp32", "mnist, 20, 1, bf16", "cifar10, 32, 1, fp32", "cifar10, 40, 0.75, bf16"})
    void saysWhatEvaluationSays(String name, int resolution, float centre, String precision, Device device) throws IOException {
        KnownDataset dataset = KnownDataset.parse(name);
        Path folder = run(device, dataset, resolution, centre, Precision.parse(precision));
        ModelReport report = new ModelEvaluation(SavedRun.open(folder), dataset.load(place, Part.TEST), PICTURES).on(device, done -> { }, () -> false);
        try (Classifier classifier = Classifier.open(folder, device)) {
            List<Predictions> together = classifier.predict(testPictures(dataset));
            for (int picture = 0; picture < PICTURES; picture++) {
                Answer answer = report.answers().get(picture);
                assertThat(together.get(picture).best().index()).isEqualTo(answer.predicted());
                assertThat(together.get(picture).best().probability()).isEqualTo(answer.probability());
                Predictions alone = classifier.predict(testPictures(dataset).get(picture));
                assertThat(alone.best().probability()).isCloseTo(answer.probability(), within(precision.equals("fp32") ? 1e-6 : 0.01));
            }
        }
    }

    @Test
    void probabilitiesAreSortedAndSumToOne(Device device) throws IOException {
        try (Classifier classifier = Classifier.open(greyRun(device), device)) {
            Predictions predictions = classifier.predict(testPictures(GREY).get(0));
            assertThat(predictions.ranked()).extracting(Prediction::label).containsExactlyInAnyOrderElementsOf(GREY.classes());
            assertThat(predictions.ranked()).isSortedAccordingTo((a, b) -> Double.compare(b.probability(), a.probability()));
            assertThat(predictions.ranked().stream().mapToDouble(Prediction::probability).sum()).isCloseTo(1, within(1e-12));
            assertThat(predictions.top(3)).isEqualTo(predictions.ranked().subList(0, 3));
            assertThat(predictions.top(99)).hasSize(10);
            assertThat(predictions.best().label()).isEqualTo(classifier.classes().get(predictions.best().index()));
        }
    }

    @Test
    void takesPicturesOfAnySizeAndColour(Device device) throws IOException {
        try (Classifier classifier = Classifier.open(greyRun(device), device)) {
            Picture wide = random(60, 100, 3);
            assertThat(classifier.prepare(wide)).extracting(Picture::height, Picture::width, Picture::channels).containsExactly(28, 28, 1);
            assertThat(classifier.predict(wide)).isEqualTo(classifier.predict(classifier.prepare(wide)))
                    .isNotEqualTo(classifier.predict(random(61, 100, 3)));
            assertThat(classifier.predict(random(1, 1, 1)).ranked()).hasSize(10);
        }
    }

    @Test
    void aColourNetworkTakesGreyPictures(Device device) throws IOException {
        try (Classifier classifier = Classifier.open(run(device, KnownDataset.CIFAR10, 32, 1, Precision.FP32), device)) {
            Picture grey = random(32, 32, 1);
            assertThat(classifier.predict(grey)).isEqualTo(classifier.predict(grey.withChannels(3)));
        }
    }

    /** More than a batch, and numbers that are no power of two. */
    @Test
    void manyPicturesComeInTheirOrder(Device device) throws IOException {
        try (Classifier classifier = Classifier.open(greyRun(device), device)) {
            List<Picture> some = testPictures(GREY);
            List<Picture> many = IntStream.range(0, 75).mapToObj(at -> some.get(at * at % PICTURES)).toList();
            List<Predictions> predictions = classifier.predict(many);
            assertThat(predictions).hasSize(75);
            for (int at = 0; at < 75; at++) {
                Prediction alone = classifier.predict(many.get(at)).best();
                assertThat(predictions.get(at).best().index()).isEqualTo(alone.index());
                assertThat(predictions.get(at).best().probability()).isCloseTo(alone.probability(), within(1e-6));
            }
            assertThat(classifier.predict(List.of())).isEmpty();
        }
    }

    @Test
    void severalThreadsGetTheirOwnAnswers(Device device) throws Exception {
        Path folder = greyRun(device);
        List<Picture> pictures = testPictures(GREY);
        ExecutorService threads = Executors.newFixedThreadPool(6);
        try (Classifier classifier = Classifier.open(folder, device)) {
            List<Predictions> expected = pictures.stream().map(classifier::predict).toList();
            List<Future<List<Predictions>>> answers = new ArrayList<>();
            for (int thread = 0; thread < 6; thread++) {
                // Each in batches of its own size, so that plans are made while others run.
                int size = thread + 1;
                answers.add(threads.submit(() -> inBatches(classifier, pictures, size)));
            }
            for (Future<List<Predictions>> answer : answers) {
                List<Predictions> given = answer.get();
                assertThat(given).hasSameSizeAs(expected);
                for (int at = 0; at < given.size(); at++) {
                    assertThat(given.get(at).best().label()).isEqualTo(expected.get(at).best().label());
                    assertThat(given.get(at).best().probability()).isCloseTo(expected.get(at).best().probability(), within(1e-6));
                }
            }
        } finally {
            threads.shutdown();
        }
    }

    private static List<Predictions> inBatches(Classifier classifier, List<Picture> pictures, int size) {
        List<Predictions> all = new ArrayList<>();
        for (int first = 0; first < pictures.size(); first += size) {
            all.addAll(classifier.predict(pictures.subList(first, Math.min(first + size, pictures.size()))));
        }
        return all;
    }

    @Test
    void leavesNothingBehindAndRefusesToGoOn(Device device) throws IOException {
        Path folder = greyRun(device);
        long before = device.liveBytes();
        Classifier classifier = Classifier.open(folder, device);
        classifier.predict(testPictures(GREY));
        classifier.close();
        classifier.close();
        assertThat(device.liveBytes()).isEqualTo(before);
        assertThatThrownBy(() -> classifier.predict(random(28, 28, 1))).isInstanceOf(IllegalStateException.class).hasMessageContaining("after it was closed");
    }

    @Test
    void opensADeviceOfItsOwn(Device device) throws IOException {
        Path folder = greyRun(device);
        try (Classifier classifier = Classifier.open(folder)) {
            assertThat(classifier.predict(testPictures(GREY).get(0)).ranked()).hasSize(10);
        }
        device.makeCurrent();
        assertThat(device.liveBytes()).as("the test's own device is still usable").isNotNegative();
    }

    @Test
    void refusesFoldersThatHoldNoRun(Device device) throws IOException {
        Path folder = greyRun(device);
        long before = device.liveBytes();
        assertThatThrownBy(() -> Classifier.open(place.resolve("nowhere"), device)).isInstanceOf(TrainingException.class)
                .hasMessageContaining("nowhere/config.json: no such file");
        Path weights = folder.resolve("model.safetensors");
        byte[] whole = Files.readAllBytes(weights);
        Files.write(weights, Arrays.copyOf(whole, whole.length - 1));
        assertThatThrownBy(() -> Classifier.open(folder, device)).isInstanceOf(TrainingException.class).hasMessageContaining("model.safetensors: not a usable");
        Files.delete(weights);
        assertThatThrownBy(() -> Classifier.open(folder, device)).isInstanceOf(TrainingException.class).hasMessageContaining("model.safetensors: no such file");
        assertThat(device.liveBytes()).isEqualTo(before);
    }
}
