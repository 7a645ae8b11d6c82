package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.bench.RunInfo;
import separable.device.Device;
import separable.testing.DeviceExtension;
import separable.testing.ForkedJava;

/** Measurements from the command line to the files, of shapes so small that they take no time. */
@ExtendWith(DeviceExtension.class)
class BenchKernelsTest {

    @TempDir
    Path place;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void writeShapes() throws IOException {
        Files.writeString(place.resolve("tiny.csv"), """
                # a depthwise and a pointwise convolution
                n,h,w,c,k,kernel,groups,count
                1,6,6,8,8,3,8,2
                1,6,6,8,16,1,1,1
                """);
        Files.writeString(place.resolve("wrong.csv"), "n,h,w,c,kernel\n1,6,6,eight,3\n");
    }

    private int run(String line) {
        return Main.run(line.replace("PLACE", place.toString()).trim().split(" +"), new PrintWriter(out, true), new PrintWriter(err, true));
    }

    private static String tiny(String more) {
        return "bench kernels --shapes PLACE/tiny.csv --rounds 2 --seconds 0.1 --out PLACE/out " + more;
    }

    private JsonObject json() throws IOException {
        return JsonParser.parseString(Files.readString(place.resolve("out/kernels.json"))).getAsJsonObject();
    }

    @Test
    void leavesTableFiguresAndPictures(Device device) throws IOException {
        assertThat(run(tiny("--precision fp32,bf16"))).as(err.toString()).isZero();

        assertThat(out.toString()).contains("2 shapes, [forward, data, filter], [fp32, bf16], padded-nhwc")
                .contains("dw3s1 6x6x8 ", "pw 6x6x8-16 ", "fp32: ceilings of this run", "bf16: ceilings of this run");
        assertThat(json().getAsJsonArray("rows")).hasSize(12);
        assertThat(json().get("whole").getAsBoolean()).isTrue();
        assertThat(json().get("command").getAsString()).startsWith("bench kernels --shapes");
        assertThat(Files.readString(place.resolve("out/kernels.csv")).lines().filter(line -> !line.startsWith("#"))).hasSize(13);
        assertThat(ImageIO.read(place.resolve("out/roofline-fp32.png").toFile()).getWidth()).isEqualTo(1600);
        assertThat(place.resolve("out").toFile().list()).containsExactlyInAnyOrder("kernels.csv", "kernels.json", "roofline-fp32.png", "roofline-bf16.png");
        if (device.name().startsWith("Emulated")) {
            assertThat(out.toString()).startsWith(RunInfo.EMULATED_WARNING);
            assertThat(json().get("warning").getAsString()).isEqualTo(RunInfo.EMULATED_WARNING);
        }
    }

    @Test
    void measuresOnlyWhatIsAskedFor() throws IOException {
        assertThat(run(tiny("--precision fp16 --pass filter --filter depthwise --against none --no-check"))).as(err.toString()).isZero();
        assertThat(json().getAsJsonArray("rows")).hasSize(1);
        JsonObject row = json().getAsJsonArray("rows").get(0).getAsJsonObject();
        assertThat(row.get("kind").getAsString()).isEqualTo("depthwise");
        assertThat(row.get("pass").getAsString()).isEqualTo("filter");
        assertThat(row.get("no_cudnn").getAsString()).isEqualTo("not asked for");
        assertThat(row.get("ours_us").getAsDouble()).isPositive();
        assertThat(row.get("best_us").getAsDouble()).isLessThanOrEqualTo(row.get("ours_us").getAsDouble());
    }

    @Test
    void aNetworkHasTheSizesAskedFor() throws IOException {
        assertThat(run("bench kernels --shapes mobilenet-v2 --width 0.35 --resolution 32 --batch 1 --precision fp32 --pass forward --filter other"
                + " --rounds 1 --seconds 0.01 --out PLACE/out")).as(err.toString()).isZero();
        JsonObject row = json().getAsJsonArray("rows").get(0).getAsJsonObject();
        assertThat(row.get("name").getAsString()).isEqualTo("conv3s2 32x32x3-16");
        assertThat(json().get("shapes").getAsString()).isEqualTo("mobilenet-v2, width 0.35, 32x32, batch 1");
    }

    @Test
    void earlierResultsAreKept() throws IOException {
        Files.createDirectory(place.resolve("out"));
        Files.writeString(place.resolve("out/kernels.csv"), "earlier");
        assertThat(run(tiny(""))).isEqualTo(Main.USAGE);
        assertThat(err.toString()).contains("it holds the kernels.csv of an earlier run: choose another folder");
        assertThat(place.resolve("out/kernels.csv")).hasContent("earlier");
    }

    /** A command line and what its one line must say. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "bench | nothing named to measure (kernels, step): see `separable bench --help`",
        "bench kernel | 'kernel'",
        "bench kernels --shapes PLACE/none.csv | none.csv: no such file: use mobilenet-v1, mobilenet-v2 or a file of shapes",
        "bench kernels --shapes resnet | resnet: no such file: use mobilenet-v1",
        "bench kernels --shapes PLACE/wrong.csv | wrong.csv, line 2: c 'eight' is not a whole number",
        "bench kernels --shapes PLACE/tiny.csv --width 0.5 | --width, --resolution and --batch are for a MobileNet",
        "bench kernels --shapes PLACE/tiny.csv --filter other | --filter other: PLACE/tiny.csv has no such shape",
        "bench kernels --filter dense | unknown kind of convolution 'dense': use depthwise, pointwise or other",
        "bench kernels --precision fp8 | unknown precision 'fp8'",
        "bench kernels --precision fp32,x | unknown precision 'x'",
        "bench kernels --pass backward | unknown pass 'backward': use forward, data or filter",
        "bench kernels --layout chwn | unknown layout 'chwn'",
        "bench kernels --against torch | --against 'torch': use cudnn or none",
        "bench kernels --width 0 | width 0.0",
        "bench kernels --resolution 16 | resolution 16 is too small",
        "bench kernels --batch 0 | --batch 0: must be at least 1",
        "bench kernels --batch x | '--batch'",
        "bench kernels --rounds 0 | --rounds 0 and --seconds",
        "bench kernels --seconds 0 | the one must be at least 1, the other above 0",
        "bench kernels --seconds NaN | the other above 0",
    })
    void refusesInOneLine(String line, String message) {
        String elsewhere = line.equals("bench") || line.equals("bench kernel") ? "" : " --out PLACE/out";
        assertThat(run(line + elsewhere)).as(err.toString()).isEqualTo(Main.USAGE);
        assertThat(err.toString()).startsWith("separable: ").contains(message.replace("PLACE", place.toString())).matches("[^\n]*\n");
        assertThat(place.resolve("out")).doesNotExist();
    }

    /** A system without fonts costs the pictures alone. */
    @Test
    void figuresAreKeptWhereNothingCanBeDrawn() throws Exception {
        Path fonts = Files.writeString(place.resolve("fonts.conf"), "<?xml version=\"1.0\"?><fontconfig></fontconfig>");
        // Java remembers fonts below the home directory.
        ForkedJava.Result run = ForkedJava.run(Main.class, Map.of("FONTCONFIG_FILE", fonts.toString(), "JAVA_TOOL_OPTIONS", "-Duser.home=" + place),
                tiny("--precision fp32 --pass forward").replace("PLACE", place.toString()).split(" +"));
        assertThat(run.status()).as(run.output()).isEqualTo(Main.FAILED);
        assertThat(run.output()).containsPattern("(?m)^separable: the picture cannot be drawn \\(.*\\): install a Java with AWT and some fonts");
        assertThat(place.resolve("out").toFile().list()).containsExactlyInAnyOrder("kernels.csv", "kernels.json");
    }

    /** Memory runs out after the ceilings and a row or two. */
    @Test
    void aFailureLeavesTheRowsBeforeIt(Device device) throws Exception {
        assumeTrue(device.name().startsWith("Emulated"), "needs the emulated device's faults");
        ForkedJava.Result run = ForkedJava.run(Main.class, Map.of("SEPARABLE_EMULATOR_FAULTS", "cuMemAlloc:20:2"),
                tiny("").replace("PLACE", place.toString()).split(" +"));
        assertThat(run.status()).as(run.output()).isEqualTo(Main.FAILED);
        assertThat(run.output()).containsPattern("(?m)^separable: allocating buffer .*CUDA_ERROR_OUT_OF_MEMORY");
        assertThat(json().getAsJsonArray("rows")).hasSizeBetween(1, 5);
        assertThat(json().get("whole").getAsBoolean()).isFalse();
    }
}
