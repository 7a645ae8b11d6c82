package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import separable.data.CifarFiles;
import separable.data.IdxFiles;
import separable.train.RunConfig;
import separable.train.UpdateConfig;

/** Command lines from end to end, with a small data set of four files. */
class MainTest {

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
        String[] words = line.isEmpty() ? new String[0] : line.replace("DATA", place.toString()).replace("OUT", place.resolve("out").toString()).trim().split(" +");
        return Main.run(words, new PrintWriter(out, true), new PrintWriter(err, true));
    }

    /** What the defaults would choose by the device's size is named. */
    private static String tiny(String more) {
        return "train --model separable-cnn --blocks 8,8,8,8 --resolution 8 --dataset mnist --data DATA --out OUT --batch 16"
                + " --epochs 2 --precision fp32 --crop 0 " + more;
    }

    @Test
    void trainsAndLeavesItsFiles() throws IOException {
        assertThat(run(tiny(""))).as(err.toString()).isZero();

        String[] lines = out.toString().split("\n");
        assertThat(lines[lines.length - 1]).matches("test accuracy [01]\\.\\d{4} \\(\\d+ of 40\\), loss \\d+\\.\\d{4}");
        RunConfig config = RunConfig.read(place.resolve("out/config.json"));
        assertThat(config.model().blocks()).containsExactly(8, 8, 8, 8);
        assertThat(config.recipe().batch()).isEqualTo(16);
        assertThat(Files.readAllLines(place.resolve("out/metrics.jsonl"))).hasSize(config.recipe().epochs());
        assertThat(place.resolve("out/model.safetensors")).isNotEmptyFile();
    }

    @ParameterizedTest
    @ValueSource(strings = {"mobilenet-v1 --width 0.25", "mobilenet-v2 --width 0.35"})
    void trainsMobileNetsOnColours(String model) throws IOException {
        CifarFiles.write(place, 8);
        assertThat(run("train --dataset cifar10 --data DATA --out OUT --resolution 32 --batch 8 --epochs 1 --precision fp32 --model " + model))
                .as(err.toString()).isZero();
        assertThat(out.toString()).contains("epoch 1/1: train loss").containsPattern("test accuracy [01]\\.\\d{4} \\(\\d of 8\\)");
        assertThat(place.resolve("out/model.safetensors")).isNotEmptyFile();
    }

    @Test
    void saysHowItLaunches() {
        assertThat(run(tiny(""))).isZero();
        assertThat(run(tiny("--no-graph"))).isZero();
        assertThat(out.toString().lines().filter(line -> line.startsWith("separable-cnn")).toList())
                .satisfiesExactly(line -> assertThat(line).endsWith(", one graph launch a step"),
                        line -> assertThat(line).endsWith(", plain launches"));
    }

    @Test
    void runsAgainFromItsConfiguration() throws IOException {
        assertThat(run(tiny("--seed 7"))).isZero();
        byte[] first = Files.readAllBytes(place.resolve("out/model.safetensors"));
        assertThat(run("train --config OUT/config.json --out OUT/again")).as(err.toString()).isZero();
        assertThat(Files.readAllBytes(place.resolve("out/again/model.safetensors"))).isEqualTo(first);
        assertThat(run("train --config OUT/config.json --out OUT/other --seed 8")).isZero();
        assertThat(Files.readAllBytes(place.resolve("out/other/model.safetensors"))).isNotEqualTo(first);
    }

    /** The rate of the last step of each epoch of six steps, as metrics.jsonl has it. */
    private List<Float> ratesOf(String options) throws IOException {
        assertThat(run(tiny("--lr 0.4 --warmup 0.5 " + options))).as(err.toString()).isZero();
        return Files.readAllLines(place.resolve("out/metrics.jsonl")).stream()
                .map(line -> JsonParser.parseString(line).getAsJsonObject().get("learningRate").getAsFloat()).toList();
    }

    @Test
    void trainsWithTheScheduleNamed() throws IOException {
        assertThat(ratesOf("--schedule constant")).containsExactly(0.4f, 0.4f);
        // 96 pictures in batches of 16, of which the first three steps are the warm-up: stairs after steps 9 and 15.
        assertThat(ratesOf("--schedule step --decay-epochs 1 --decay-factor 0.5")).containsExactly(0.4f, 0.2f);
        assertThat(ratesOf("--schedule linear").get(1)).isEqualTo(0.4f / 9);
        assertThat(RunConfig.read(place.resolve("out/config.json")).recipe().schedule().name()).isEqualTo("linear");
    }

    /** A command line, its exit status, and what its one line must say. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        " | 2 | no command given: use train, ",
        "trian | 2 | 'trian'",
        "train --epoch | 2 | --epoch",
        "train --epochs abc | 2 | '--epochs'",
        "train --epochs 0 --data DATA | 2 | epochs 0: must be 1 to",
        "train --batch -1 | 2 | batch -1",
        "train --model resnet | 2 | unknown model 'resnet': use mobilenet-v1, mobilenet-v2, separable-cnn",
        "train --dataset imagenet | 2 | unknown data set 'imagenet': use fashion-mnist, mnist, cifar10",
        "train --optimizer lion | 2 | unknown optimizer 'lion'",
        "train --precision fp8 | 2 | unknown precision 'fp8'",
        "train --schedule sine | 2 | unknown schedule 'sine': use constant, step, exponential, linear, cosine, one-cycle",
        "train --schedule step --decay-factor 2 | 2 | decay factor 2.0",
        "train --schedule step --decay-epochs 0 | 2 | decay epochs 0.0",
        "train --resume nowhere | 1 | checkpoint-last.json: no such file",
        "train --resume nowhere --epochs 3 | 2 | --resume goes on with a run as it is: leave out --epochs",
        "train --checkpoint-steps -1 | 2 | --checkpoint-steps -1",
        "train --lr 0 | 2 | learning rate 0.0",
        "train --lr NaN | 2 | learning rate NaN",
        "train --width 0 | 2 | width 0.0",
        "train --classes 5 | 2 | classes 5: fashion-mnist has 10",
        "train --stem-stride 3 | 2 | stem stride 3",
        "train --blocks 1,2,3,4 | 2 | --blocks: mobilenet-v1 has no such option",
        "train --model separable-cnn --width 2 | 2 | --width: separable-cnn has no such option",
        "train --model separable-cnn --blocks 1,2 | 2 | block widths [1, 2] must be 4 channel counts",
        "train --resolution 8 --stem-stride 2 | 2 | resolution 8 is too small for its strides",
        "train --model mobilenet-v2 --resolution 4 | 2 | resolution 4 is too small",
        "train --warmup 3 --epochs 2 | 2 | warm-up 3.0: must be less than the 2 epochs",
        "train --config nowhere.json | 1 | nowhere.json: no such file",
        "train --config nowhere.json --model mobilenet-v1 | 2 | --config",
        "train --data DATA/nowhere --out OUT | 1 | nowhere: no such folder",
        "train --dataset mnist --data DATA --out OUT --batch 97 | 2 | batch 97: mnist train has only 96 pictures",
        "train --dataset mnist --data DATA --out DATA/t10k-labels-idx1-ubyte | 1 | it is a file, not a folder",
        "train --dataset mnist --data DATA --out /proc/self/out | 1 | cannot write to /proc/self/out",
        "summary --width x | 2 | '--width'",
    })
    void refusesInOneLine(String line, int status, String message) {
        assertThat(run(line == null ? "" : line)).isEqualTo(status);
        assertThat(err.toString()).startsWith("separable: ").contains(message).matches("[^\n]*\n");
        assertThat(place.resolve("out")).doesNotExist();
    }

    @Test
    void aFailedRunLeavesEarlierFilesAlone() throws IOException {
        Path out = Files.createDirectory(place.resolve("out"));
        Files.writeString(out.resolve("model.safetensors"), "earlier");
        Files.write(place.resolve("t10k-labels-idx1-ubyte"), new byte[3]);
        assertThat(run(tiny(""))).isEqualTo(1);
        assertThat(err.toString()).contains("t10k-labels-idx1-ubyte: is not an IDX label file");
        assertThat(out.resolve("model.safetensors")).hasContent("earlier");
        assertThat(out.toFile().list()).containsExactlyInAnyOrder("model.safetensors", ".lock");
    }

    @Test
    void printsTheConfigurationOfARecipeWithWhatOverridesIt() throws IOException {
        assertThat(run("train --recipe cifar-fast --dataset cifar10 --data DATA --epochs 30 --ema 0 --print-config")).as(err.toString()).isZero();
        RunConfig config = RunConfig.fromJson(out.toString());
        assertThat(config.model().name()).isEqualTo("mobilenet-v2");
        assertThat(config.recipe().epochs()).isEqualTo(30);
        assertThat(config.recipe().update().ema()).isZero();
        assertThat(config.recipe().update().decayOn()).isEqualTo("weights");
        assertThat(place.resolve("out")).doesNotExist();
        Files.writeString(place.resolve("printed.json"), out.toString());
        assertThat(run("train --config DATA/printed.json --recipe paper-v1 --print-config")).isEqualTo(2);
        assertThat(err.toString()).contains("--config: has all values of a recipe already");
    }

    @Test
    void whatAConfigurationStreamsNeedNotBeStreamed() throws IOException {
        String line = "train --dataset mnist --data DATA --print-config";
        assertThat(run(line + " --stream")).as(err.toString()).isZero();
        assertThat(RunConfig.fromJson(out.toString()).recipe().input().stream()).isTrue();
        Files.writeString(place.resolve("streamed.json"), out.toString());
        for (boolean streamed : new boolean[] {true, false}) {
            out.getBuffer().setLength(0);
            assertThat(run("train --config DATA/streamed.json --print-config " + (streamed ? "" : "--no-stream"))).as(err.toString()).isZero();
            assertThat(RunConfig.fromJson(out.toString()).recipe().input().stream()).isEqualTo(streamed);
        }
    }

    @Test
    void changesWeightsAsTheOptionsSay() {
        assertThat(run(tiny("--accumulate 2 --clip-norm 1 --ema 0.9 --decay-on weights --freeze conv1,block1 --patience 1 --lr 1e-9"))).as(err.toString()).isZero();
        RunConfig config = RunConfig.read(place.resolve("out/config.json"));
        assertThat(config.recipe().update()).isEqualTo(new UpdateConfig(2, 1, 0.9f, "weights", List.of("conv1", "block1")));
        assertThat(config.recipe().evaluation().patience()).isEqualTo(1);
        assertThat(run(tiny("--freeze conv"))).isEqualTo(2);
        assertThat(err.toString()).contains("frozen layer 'conv': separable CNN has none of that name; its names begin with [block1, ");
    }

    @Test
    void saysWhenPatienceEndsARun() {
        assertThat(run(tiny("--epochs 5 --patience 1 --lr 1e-9").replace("--epochs 2 ", ""))).as(err.toString()).isZero();
        assertThat(out.toString()).contains("ended after epoch 2 of 5: test accuracy was not better than epoch 1's");
    }

    @Test
    void saysThatARunDiverged() {
        // Whatever the gradients are, a step multiplies the weights by 1 - 1e6 * 0.5: a few leave fp32's range.
        assertThat(run(tiny("--optimizer sgd --lr 1e6 --weight-decay 0.5"))).isEqualTo(1);
        assertThat(err.toString()).contains("the run diverged; use a lower learning rate");
    }

    @Test
    void printsStackTracesOnlyWhenAsked() {
        assertThat(run("train --data DATA/nowhere --out OUT --verbose")).isEqualTo(1);
        assertThat(err.toString()).startsWith("separable: ").contains("\tat separable.");
    }

    @Test
    void summarisesWithoutADevice() {
        assertThat(run("summary --model mobilenet-v2 --dataset cifar10 --width 1 --resolution 224 --classes 1000 --stem-stride 2")).isZero();
        assertThat(out.toString()).contains("features.0.0", "classifier.1", "3,504,872", "300,774,272");
    }

    @Test
    void doctorNamesEverythingItFound() {
        assertThat(run("doctor")).as(out.toString()).isZero();
        assertThat(out.toString()).contains("compute capability", "libcuda.so", "libJCudaDriver", "driver", "cuDNN", "everything needed for training works");
    }

    @Test
    void helpNamesTheOptions() {
        assertThat(run("train --help")).isZero();
        assertThat(out.toString()).contains("--model", "--width", "--resolution", "--classes", "--dataset", "--data", "--epochs", "--batch",
                "--optimizer", "--lr", "--precision", "--seed", "--out", "--verbose");
    }
}
