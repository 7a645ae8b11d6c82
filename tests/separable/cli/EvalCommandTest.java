package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.data.Dataset;
import separable.data.IdxFiles;
import separable.data.KnownDataset;
import separable.data.KnownDataset.Part;
import separable.testing.PngFiles;
import separable.train.EpochMetrics;
import separable.train.RunHistory;

/** {@code separable eval} on a small run from end to end. */
class EvalCommandTest {

    private static final int TEST_PICTURES = 60;

    @TempDir
    static Path place;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void prepare() throws IOException {
        train();
        writeOtherClasses();
    }

    private static void train() throws IOException {
        IdxFiles.write(place, 96, TEST_PICTURES, 28);
        StringWriter words = new StringWriter();
        assertThat(Main.run(words("train --model separable-cnn --blocks 8,8,8,8 --resolution 8 --dataset mnist --data PLACE --out PLACE/run --batch 16"
                + " --epochs 2 --precision fp32 --crop 0"), new PrintWriter(words), new PrintWriter(words))).as(words.toString()).isZero();
    }

    /** A folder of two classes that are not the run's. */
    private static void writeOtherClasses() throws IOException {
        for (String name : List.of("0", "cat")) {
            PngFiles.write(KnownDataset.MNIST.load(place, Part.TEST), 0, place.resolve("pictures/" + name + "/a.png"));
            PngFiles.write(KnownDataset.MNIST.load(place, Part.TEST), 1, place.resolve("pictures/" + name + "/b.png"));
        }
    }

    private static String[] words(String line) {
        return line.replace("PLACE", place.toString()).split(" +");
    }

    private int run(String line) {
        return Main.run(words(line), new PrintWriter(out, true), new PrintWriter(err, true));
    }

    /** The bits that training wrote, from a batch of another size too: a small network's logits do not depend on it. */
    @ParameterizedTest
    @CsvSource({"16", "5", "64"})
    void givesTheFiguresOfTheRunsLastEvaluation(int batch) throws IOException {
        assertThat(run("eval PLACE/run --out PLACE/figures --batch " + batch)).as(err.toString()).isZero();
        List<String> lines = Files.readAllLines(place.resolve("run/metrics.jsonl"));
        EpochMetrics last = new Gson().fromJson(lines.get(lines.size() - 1), EpochMetrics.class);
        JsonObject report = JsonParser.parseString(Files.readString(place.resolve("figures/evaluation.json"))).getAsJsonObject();
        assertThat(report.get("pictures").getAsInt()).isEqualTo(TEST_PICTURES);
        assertThat(report.get("top1Share").getAsDouble()).isEqualTo(last.testAccuracy());
        assertThat(report.get("loss").getAsDouble()).isCloseTo(last.testLoss(), within(1e-6));
        assertThat(out.toString().trim().lines().reduce("", (before, line) -> line))
                .matches("top-1 [01]\\.\\d{4} \\(\\d+ of 60\\), top-5 [01]\\.\\d{4}, loss \\d+\\.\\d{4}");
    }

    /** Where there is no other file with weights. */
    @Test
    void measuresTheBestEpoch() throws IOException {
        Path copy = Files.createDirectories(place.resolve("copy"));
        Files.copy(place.resolve("run/config.json"), copy.resolve("config.json"));
        Files.copy(place.resolve("run/model-best.safetensors"), copy.resolve("model-best.safetensors"));
        assertThat(run("eval PLACE/copy --best")).as(err.toString()).isZero();
        double best = RunHistory.read(place.resolve("run/metrics.jsonl")).epochs().stream().mapToDouble(EpochMetrics::testAccuracy).max().orElseThrow();
        JsonObject report = JsonParser.parseString(Files.readString(copy.resolve("evaluation-best/evaluation.json"))).getAsJsonObject();
        assertThat(report.get("top1Share").getAsDouble()).isEqualTo(best);
        assertThat(run("eval PLACE/copy")).isEqualTo(1);
        assertThat(err.toString()).contains("copy/model.safetensors").matches("[^\n]*\n");
    }

    @Test
    void leavesItsFilesInTheRun() throws IOException {
        assertThat(run("eval PLACE/run")).as(err.toString()).isZero();
        Path folder = place.resolve("run/evaluation");
        assertThat(folder.toFile().list()).containsExactlyInAnyOrder("evaluation.json", "classes.csv", "confusion.csv", "predictions.csv", "confusion.png");
        JsonObject report = JsonParser.parseString(Files.readString(folder.resolve("evaluation.json"))).getAsJsonObject();
        List<String[]> matrix = Files.readAllLines(folder.resolve("confusion.csv")).stream().skip(1).map(line -> line.split(",")).toList();
        int right = 0;
        int all = 0;
        for (int label = 0; label < 10; label++) {
            right += Integer.parseInt(matrix.get(label)[label + 1]);
            all += Stream.of(matrix.get(label)).skip(1).mapToInt(Integer::parseInt).sum();
        }
        assertThat(all).isEqualTo(TEST_PICTURES);
        assertThat(right).as("hits that the device counted").isEqualTo(report.get("top1").getAsInt());
        assertThat(Files.readAllLines(folder.resolve("predictions.csv"))).hasSize(1 + TEST_PICTURES);
        BufferedImage picture = ImageIO.read(folder.resolve("confusion.png").toFile());
        assertThat(picture.getHeight()).isGreaterThan(10 * 56);
    }

    @Test
    void measuresTheTrainingPicturesToo() throws IOException {
        assertThat(run("eval PLACE/run --part train --out PLACE/train")).as(err.toString()).isZero();
        assertThat(Files.readString(place.resolve("train/evaluation.json"))).contains("\"dataset\": \"mnist train\"", "\"pictures\": 96");
    }

    /** The test pictures as files in class folders: the same bytes, so that the same is said of them. */
    @Test
    void measuresAFolderOfPicturesToo() throws IOException {
        Dataset pictures = KnownDataset.MNIST.load(place, Part.TEST);
        for (int picture = 0; picture < pictures.count(); picture++) {
            PngFiles.write(pictures, picture, place.resolve("digits/" + pictures.label(picture) + "/" + picture + ".png"));
        }
        assertThat(run("eval PLACE/run --out PLACE/idx")).as(err.toString()).isZero();
        assertThat(run("eval PLACE/run --dataset folder --data PLACE/digits --cache PLACE/cache --out PLACE/files")).as(err.toString()).isZero();
        assertThat(Files.readString(place.resolve("files/confusion.csv"))).isEqualTo(Files.readString(place.resolve("idx/confusion.csv")));
        assertThat(run("eval PLACE/run --dataset folder --data PLACE/digits --cache PLACE/cache --part test --out PLACE/part")).as(err.toString()).isZero();
        assertThat(Files.readAllLines(place.resolve("part/predictions.csv"))).hasSize(1 + 10);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "eval | 2 | DIR",
        "eval PLACE/nowhere | 1 | nowhere/config.json: no such file",
        "eval PLACE/run --part all | 2 | --part all: is for --dataset folder",
        "eval PLACE/run --part some | 2 | unknown part 'some': use test, train or all",
        "eval PLACE/run --dataset folder | 2 | --dataset folder: name the folder with --data DIR",
        "eval PLACE/run --dataset folder --data PLACE/pictures --cache PLACE/cache | 1 | its classes are [0, cat]",
        "eval PLACE/run --dataset imagenet | 2 | unknown data set 'imagenet'",
        "eval PLACE/run --data PLACE/nowhere | 1 | nowhere: no such folder",
        "eval PLACE/run --dataset fashion-mnist --data PLACE | 2 | fashion-mnist test: its 10 classes are not the 10 that",
        "eval PLACE/run --batch 0 | 2 | batch 0",
    })
    void refusesInOneLine(String line, int status, String message) {
        assertThat(run(line)).isEqualTo(status);
        assertThat(err.toString()).startsWith("separable: ").contains(message).matches("[^\n]*\n");
    }

    @Test
    void refusesWeightsThatDoNotFit() throws IOException {
        Path other = Files.createDirectories(place.resolve("other"));
        Files.copy(place.resolve("run/model.safetensors"), other.resolve("model.safetensors"));
        Files.writeString(other.resolve("config.json"), Files.readString(place.resolve("run/config.json")).replaceFirst("\\[\\s*8,", "[16,"));
        assertThat(run("eval PLACE/other")).isEqualTo(1);
        assertThat(err.toString()).contains("other/model.safetensors: the saved state does not fit the model").matches("[^\n]*\n");
        Files.write(other.resolve("model.safetensors"), new byte[100]);
        assertThat(run("eval PLACE/other")).isEqualTo(1);
        assertThat(err.toString()).contains("not a usable safetensors file").matches("[^\n]*\n[^\n]*\n");
    }
}
