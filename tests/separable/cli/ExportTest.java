package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.data.IdxFiles;
import separable.data.KnownDataset;
import separable.exchange.FormulaWeights;
import separable.exchange.SafeTensors;
import separable.train.DataConfig;
import separable.train.Defaults;
import separable.train.ModelConfig;
import separable.train.RunConfig;

/** Weights out of a run by one command, and into another. */
class ExportTest {

    private static final int SIDE = 9;

    @TempDir
    Path place;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    /** A run's folder without a run: the file that training writes and the configuration. */
    @BeforeEach
    void writeRun() throws IOException {
        IdxFiles.write(place, 32, 10, SIDE);
        ModelConfig model = ModelConfig.mobileNet("mobilenet-v2", 0.1, SIDE, 1, 10, 1, 0);
        RunConfig config = new RunConfig(model, new DataConfig("mnist", place.toString()), Defaults.of("mobilenet-v2", KnownDataset.MNIST, true).recipe());
        Files.createDirectory(place.resolve("run"));
        Files.writeString(place.resolve("run/config.json"), config.toJson());
        FormulaWeights.file(model.network(), model.namings().get(0)).write(place.resolve("run/model.safetensors"));
    }

    private int run(String arguments) {
        String[] words = arguments.split(" ");
        return Main.run(Arrays.stream(words).map(word -> word.replace("PLACE", place.toString())).toArray(String[]::new),
                new PrintWriter(out, true), new PrintWriter(err, true));
    }

    @Test
    void writesTheStateUnderAnotherLibrarysNames() throws IOException {
        assertThat(run("export --weights PLACE/run --names timm --out PLACE/timm.safetensors")).as(err.toString()).isZero();

        SafeTensors ours = SafeTensors.read(place.resolve("run/model.safetensors"));
        SafeTensors timm = SafeTensors.read(place.resolve("timm.safetensors"));
        assertThat(timm.tensors()).hasSameSizeAs(ours.tensors());
        assertThat(timm.tensor("blocks.3.1.conv_pwl.weight").floats()).isEqualTo(ours.tensor("features.8.conv.2.weight").floats());
        assertThat(timm.tensor("bn2.num_batches_tracked").integers()).containsExactly(17);
        assertThat(out.toString()).contains("314 entries under timm's names, for",
                "    model = timm.models.efficientnet._gen_mobilenet_v2('mobilenetv2_100', 0.1, num_classes=10, in_chans=1)",
                "    model.conv_stem.stride = (1, 1)");

        assertThat(run("export --weights PLACE/run --names torchvision --out PLACE/torchvision.safetensors")).isZero();
        assertThat(SafeTensors.read(place.resolve("torchvision.safetensors")).tensors()).isEqualTo(ours.tensors());
        assertThat(out.toString()).contains("    model = torchvision.models.mobilenet_v2(num_classes=10, width_mult=0.1)",
                "    model.features[0][0] = torch.nn.Conv2d(1, 8, 3, stride=1, padding=1, bias=False)").doesNotContain("features[0][0].stride");
    }

    @Test
    void saysWhenNoLibraryHasTheModel() throws IOException {
        RunConfig config = RunConfig.read(place.resolve("run/config.json"));
        ModelConfig cnn = ModelConfig.separableCnn(List.of(8, 8, 8, 8), SIDE, 1, 10);
        Files.writeString(place.resolve("run/config.json"), config.withModel(cnn).toJson());
        FormulaWeights.file(cnn.network(), cnn.namings().get(0)).write(place.resolve("run/model.safetensors"));

        assertThat(run("export --weights PLACE/run --names Separable --out PLACE/own.safetensors")).as(err.toString()).isZero();
        assertThat(out.toString()).endsWith(" entries under Separable's names; no library's model takes them: these are Separable's own\n").hasLineCount(1);
    }

    @Test
    void writesAndTakesTheBestEpoch() throws IOException {
        Path copy = Files.createDirectories(place.resolve("copy"));
        Files.copy(place.resolve("run/config.json"), copy.resolve("config.json"));
        Files.copy(place.resolve("run/model.safetensors"), copy.resolve("model-best.safetensors"));
        assertThat(run("export --weights PLACE/copy --best --names torchvision --out PLACE/best.safetensors")).as(err.toString()).isZero();
        SafeTensors best = SafeTensors.read(copy.resolve("model-best.safetensors"));
        assertThat(SafeTensors.read(place.resolve("best.safetensors")).tensors()).isEqualTo(best.tensors());
        assertThat(run("train --model mobilenet-v2 --width 0.1 --resolution 9 --dataset mnist --data PLACE --out PLACE/again --batch 16 --epochs 1 --precision fp32"
                + " --weights PLACE/copy/model-best.safetensors --freeze body")).as(err.toString()).isZero();
        assertThat(out.toString()).contains("weights of " + copy.resolve("model-best.safetensors") + ": 262 entries loaded");
    }

    @Test
    void writesOnnxWithTheRunsClassesAndNormalisation() throws IOException {
        assertThat(run("export --weights PLACE/run --onnx PLACE/net.onnx --fold-bn --with-preprocessing")).as(err.toString()).isZero();

        ModelProto model = ModelProto.parseFrom(Files.readAllBytes(place.resolve("net.onnx")));
        assertThat(model.getGraph().getInput(0).getName()).isEqualTo("pictures");
        assertThat(model.getGraph().getNodeList()).noneMatch(node -> node.getOpType().equals("BatchNormalization"));
        assertThat(model.getMetadataPropsList()).anyMatch(note -> note.getKey().equals("classes") && note.getValue().startsWith("0\n1\n2"));
        assertThat(out.toString()).matches("(?s).*net.onnx: \\d\\.\\d MB, opset 17, from uint8 pictures\\[batch, 9, 9, 1\\] to fp32 logits\\[batch, 10\\].*");
    }

    @Test
    void trainsOnlyANewHeadOnAnotherRunsBody() throws IOException {
        assertThat(run("train --model mobilenet-v2 --width 0.1 --resolution 9 --dataset mnist --data PLACE --out PLACE/tuned --batch 16 --epochs 1 --precision fp32"
                + " --weights PLACE/run --new-head --freeze body")).as(err.toString()).isZero();

        assertThat(out.toString()).contains("weights of " + place.resolve("run/model.safetensors") + ": 260 entries loaded, under torchvision's names; new head: as asked for");
        SafeTensors before = SafeTensors.read(place.resolve("run/model.safetensors"));
        SafeTensors after = SafeTensors.read(place.resolve("tuned/model.safetensors"));
        for (String name : before.names()) {
            if (name.startsWith("features.") && !name.endsWith(".num_batches_tracked")) {
                assertThat(after.tensor(name)).isEqualTo(before.tensor(name));
            }
        }
        assertThat(after.tensor("classifier.1.weight")).isNotEqualTo(before.tensor("classifier.1.weight"));
        RunConfig config = RunConfig.read(place.resolve("tuned/config.json"));
        assertThat(config.recipe().update().frozen()).containsExactly("features");
        assertThat(config.start().newHead()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "export --weights PLACE/run | 2 | nothing to export: add",
        "export --weights PLACE/run --names timm | 2 | --names and --out belong together",
        "export --weights PLACE/run --names keras --out PLACE/x | 2 | --names keras: mobilenet-v2 is known under the names of torchvision, timm",
        "export --weights PLACE/run --names timm --out PLACE/x --fold-bn | 2 | belong to --onnx",
        "export --weights PLACE/none --onnx PLACE/x | 1 | config.json: no such file",
        "export --weights PLACE/run --onnx PLACE/none/x | 1 | cannot write there",
        "train --new-head --dataset mnist --data PLACE | 2 | --new-head: belongs to --weights",
        "train --weights PLACE/none.safetensors --dataset mnist --data PLACE | 1 | none.safetensors: no such file",
    })
    void refusesInOneLine(String arguments, int status, String message) {
        assertThat(run(arguments)).isEqualTo(status);
        assertThat(err.toString()).startsWith("separable: ").contains(message);
        assertThat(err.toString().lines()).hasSize(1);
    }
}
