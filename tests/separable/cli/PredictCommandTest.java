package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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

/** {@code separable predict} on files, with a run of grey pictures. */
class PredictCommandTest {

    /** More than the device gets at a time. */
    private static final int PICTURES = 40;

    @TempDir
    static Path place;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void prepare() throws IOException {
        IdxFiles.write(place, 96, PICTURES, 28);
        StringWriter words = new StringWriter();
        String line = "train --model separable-cnn --blocks 8,8,8,8 --dataset mnist --data PLACE --out PLACE/run --batch 16 --epochs 1 --precision fp32 --crop 0";
        assertThat(Main.run(words(line), new PrintWriter(words), new PrintWriter(words))).as(words.toString()).isZero();
        assertThat(Main.run(words("eval PLACE/run"), new PrintWriter(words), new PrintWriter(words))).as(words.toString()).isZero();
        writePictures();
        Files.writeString(place.resolve("text.jpg"), "no picture");
        Files.write(place.resolve("empty.png"), new byte[0]);
    }

    /** The test pictures in colour, as 00.png and so on. */
    private static void writePictures() throws IOException {
        Dataset pictures = KnownDataset.MNIST.load(place, Part.TEST);
        for (int picture = 0; picture < PICTURES; picture++) {
            PngFiles.write(pictures, picture, place.resolve(name(picture)));
        }
    }

    private static String name(int picture) {
        return String.format("%02d.png", picture);
    }

    private static String[] words(String line) {
        return line.replace("PLACE", place.toString()).split(" +");
    }

    private int run(String line) {
        return Main.run(words(line), new PrintWriter(out, true), new PrintWriter(err, true));
    }

    private static String allPictures() {
        return IntStream.range(0, PICTURES).mapToObj(picture -> "PLACE/" + name(picture)).collect(Collectors.joining(" "));
    }

    @Test
    void saysOfTheTestPicturesWhatEvaluationSaid() throws IOException {
        assertThat(run("predict --run PLACE/run --top 1 " + allPictures())).as(err.toString()).isZero();
        List<String> evaluated = Files.readAllLines(place.resolve("run/evaluation/predictions.csv")).stream().skip(1).map(line -> line.split(",")[2]).toList();
        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSize(PICTURES);
        for (int picture = 0; picture < PICTURES; picture++) {
            assertThat(lines.get(picture)).matches(".*/" + name(picture) + ": " + evaluated.get(picture) + " \\d+\\.\\d%");
        }
    }

    @Test
    void namesWhatItCannotReadAndDoesTheRest() {
        assertThat(run("predict --run PLACE/run PLACE/00.png PLACE/text.jpg PLACE/nowhere.png PLACE/empty.png PLACE PLACE/01.png")).isEqualTo(1);
        assertThat(out.toString().lines()).satisfiesExactly(line -> assertThat(line).contains("00.png: "), line -> assertThat(line).contains("01.png: "));
        assertThat(err.toString().lines()).satisfiesExactly(line -> assertThat(line).startsWith("separable: ").contains("text.jpg: is text, not a"),
                line -> assertThat(line).contains("nowhere.png: no such file"), line -> assertThat(line).contains("empty.png: is empty"),
                line -> assertThat(line).contains(place + ": cannot be read"));
    }

    /** Where there is no other file with weights. */
    @Test
    void takesTheBestEpoch() throws IOException {
        Path copy = Files.createDirectories(place.resolve("copy"));
        Files.copy(place.resolve("run/config.json"), copy.resolve("config.json"));
        Files.copy(place.resolve("run/model-best.safetensors"), copy.resolve("model-best.safetensors"));
        assertThat(run("predict --run PLACE/copy --best PLACE/00.png")).as(err.toString()).isZero();
        assertThat(run("predict --run PLACE/run PLACE/00.png")).as(err.toString()).isZero();
        assertThat(out.toString().lines().distinct()).as("of a run of one epoch the same").hasSize(1);
        assertThat(run("predict --run PLACE/copy PLACE/00.png")).isEqualTo(1);
        assertThat(err.toString()).contains("copy/model.safetensors");
    }

    @Test
    void printsJson() {
        assertThat(run("predict --run PLACE/run --json --top 3 PLACE/00.png PLACE/empty.png")).isEqualTo(1);
        List<JsonObject> objects = out.toString().lines().map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
        assertThat(objects).hasSize(2);
        JsonArray best = objects.get(0).getAsJsonArray("predictions");
        assertThat(best).hasSize(3);
        assertThat(best.get(0).getAsJsonObject().keySet()).containsExactly("class", "label", "probability");
        assertThat(best.get(0).getAsJsonObject().get("probability").getAsDouble()).isGreaterThanOrEqualTo(best.get(1).getAsJsonObject().get("probability").getAsDouble());
        assertThat(objects.get(1).get("error").getAsString()).isEqualTo("is empty");
        assertThat(objects.get(1).get("image").getAsString()).endsWith("empty.png");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "predict | 2 | '--run=DIR'",
        "predict --run PLACE/run | 2 | IMAGE",
        "predict --run PLACE/run --top 0 PLACE/00.png | 2 | --top 0: must be at least 1",
        "predict --run PLACE/nowhere PLACE/00.png | 1 | nowhere/config.json: no such file",
    })
    void refusesInOneLine(String line, int status, String message) {
        assertThat(run(line)).isEqualTo(status);
        assertThat(err.toString()).startsWith("separable: ").contains(message).matches("[^\n]*\n");
    }
}
