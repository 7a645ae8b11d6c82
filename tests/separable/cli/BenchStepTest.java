package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.bench.RunInfo;
import separable.device.Device;
import separable.testing.DeviceExtension;
import separable.testing.ForkedJava;

/** Training steps from the command line to the figures, of networks so small that they take no time. */
@ExtendWith(DeviceExtension.class)
class BenchStepTest {

    /** Beside the plan's launches: the batch's gathering, the update, the step state's move. */
    private static final int LAUNCHES_AROUND = 3;
    /** Weights and running statistics. */
    private static final int LAUNCHES_OF_AVERAGES = 2;

    @TempDir
    Path place;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String line) {
        return Main.run(line.replace("PLACE", place.toString()).trim().split(" +"), new PrintWriter(out, true), new PrintWriter(err, true));
    }

    private static String tiny(String more) {
        return "bench step --width 0.05 --resolution 32 --seconds 0.01 --warm-up 3 --json PLACE/out/step.json " + more;
    }

    private JsonObject json() throws IOException {
        return JsonParser.parseString(Files.readString(place.resolve("out/step.json"))).getAsJsonObject();
    }

    /** Every combination has its figures, and they agree with each other and with what is printed. */
    @Test
    void measuresEveryCombination(Device device) throws IOException {
        long before = device.liveBytes();
        assertThat(run(tiny("--batch 2,3 --ema 0.9 --samples 3"))).as(err.toString()).isZero();
        assertThat(device.liveBytes()).isEqualTo(before);

        JsonArray rows = json().getAsJsonArray("rows");
        assertThat(rows).hasSize(2);
        for (int at = 0; at < 2; at++) {
            JsonObject row = rows.get(at).getAsJsonObject();
            int batch = 2 + at;
            assertThat(row.get("batch").getAsInt()).isEqualTo(batch);
            assertThat(out.toString()).contains("mobilenet-v1, width 0.05, 32x32, batch " + batch + ", fp32, plain, sgd, ema 0.9");
            assertFitting(row, batch);
            assertThat(row.get("kernel_nodes").getAsInt()).isEqualTo(row.get("plan_launches").getAsInt() + LAUNCHES_AROUND + LAUNCHES_OF_AVERAGES);
            assertThat(out.toString()).containsPattern("(?m)^  kernel nodes +" + row.get("kernel_nodes").getAsInt() + " +0 copies, 0 fills beside them");
        }
        assertThat(json().get("whole").getAsBoolean()).isTrue();
        assertThat(json().get("command").getAsString()).startsWith("bench step --width 0.05");
        if (device.name().startsWith("Emulated")) {
            assertThat(out.toString()).startsWith(RunInfo.EMULATED_WARNING);
            assertThat(json().get("warning").getAsString()).isEqualTo(RunInfo.EMULATED_WARNING);
        }
    }

    private void assertFitting(JsonObject row, int batch) throws IOException {
        double milliseconds = row.get("ms_per_step").getAsDouble();
        assertThat(milliseconds).isPositive().isBetween(row.get("ms_per_step_low").getAsDouble(), row.get("ms_per_step_high").getAsDouble());
        assertThat(row.get("images_per_s").getAsDouble()).isCloseTo(1e3 * batch / milliseconds, within(1e-6));
        assertThat(row.get("images_per_s_low").getAsDouble()).isLessThanOrEqualTo(row.get("images_per_s_high").getAsDouble());
        long bytes = row.get("forward_bytes").getAsLong() + row.get("backward_bytes").getAsLong();
        assertThat(row.get("activation_bytes").getAsLong()).isPositive().isLessThan(bytes);
        assertThat(row.get("gb_per_s").getAsDouble()).isCloseTo(bytes / milliseconds * 1e-6, within(1e-6));
        assertThat(row.get("copy_share").getAsDouble()).isCloseTo(row.get("gb_per_s").getAsDouble() / json().get("copy_gb_per_s").getAsDouble(), within(1e-6));
        assertThat(row.get("peak_bytes").getAsLong()).isGreaterThan(row.get("picture_bytes").getAsLong());
        // Untrained, over a thousand classes.
        assertThat(row.get("loss").getAsDouble()).isBetween(0.0, 20.0);
        assertThat(row.get("samples").getAsInt()).isEqualTo(3);
    }

    @Test
    void measuresTheOtherNetworkIn16Bits() throws IOException {
        assertThat(run(tiny("--model mobilenet-v2 --batch 1 --precision bf16 --schedule plain,fused --optimizer rmsprop --samples 2"))).as(err.toString()).isZero();
        JsonObject row = json().getAsJsonArray("rows").get(0).getAsJsonObject();
        assertThat(row.get("model").getAsString()).isEqualTo("mobilenet-v2");
        assertThat(row.get("precision").getAsString()).isEqualTo("bf16");
        assertThat(row.get("schedule").getAsString()).isEqualTo("plain");
        assertThat(row.get("optimizer").getAsString()).isEqualTo("rmsprop");
        assertThat(row.get("kernel_nodes").getAsInt()).isEqualTo(row.get("plan_launches").getAsInt() + LAUNCHES_AROUND);
        JsonObject fused = json().getAsJsonArray("rows").get(1).getAsJsonObject();
        assertThat(fused.get("schedule").getAsString()).isEqualTo("fused");
        assertThat(fused.get("kernel_nodes").getAsInt()).isEqualTo(fused.get("plan_launches").getAsInt() + LAUNCHES_AROUND)
                .isLessThan(row.get("kernel_nodes").getAsInt() / 3);
    }

    /** A row an op in the order of the plan: its times, and rates that follow from them. */
    @Test
    void measuresEveryLaunch() throws IOException {
        assertThat(run(tiny("--batch 2 --schedule fused --samples 3 --launches"))).as(err.toString()).isZero();
        JsonObject row = json().getAsJsonArray("rows").get(0).getAsJsonObject();
        JsonArray launches = row.getAsJsonArray("launches");
        assertThat(launches).hasSize(row.get("plan_launches").getAsInt());
        long bytes = 0;
        for (JsonElement each : launches) {
            JsonObject launch = each.getAsJsonObject();
            bytes += launch.get("bytes").getAsLong();
            double microseconds = launch.get("us").getAsDouble();
            assertThat(microseconds).isPositive().isBetween(launch.get("us_low").getAsDouble(), launch.get("us_high").getAsDouble());
            assertThat(launch.get("gb_per_s").getAsDouble()).isCloseTo(1e-3 * launch.get("bytes").getAsLong() / microseconds, within(1e-9));
            assertThat(launch.get("gflop_per_s").getAsDouble()).isCloseTo(1e-3 * launch.get("flops").getAsLong() / microseconds, within(1e-9));
        }
        assertThat(bytes).isEqualTo(row.get("forward_bytes").getAsLong() + row.get("backward_bytes").getAsLong());
        // The stem at width 0.05: 16x16 pixels, 8 channels from 3, nine taps; backward the filter's gradient alone.
        JsonObject first = launches.get(0).getAsJsonObject();
        JsonObject last = launches.get(launches.size() - 1).getAsJsonObject();
        assertThat(first.get("flops").getAsLong()).isEqualTo(2L * 2 * 16 * 16 * 8 * 27).isEqualTo(last.get("flops").getAsLong());
        assertThat(first.get("backward").getAsBoolean()).isFalse();
        assertThat(last.get("layer")).isEqualTo(first.get("layer"));
        assertThat(last.get("backward").getAsBoolean()).isTrue();
        assertThat(out.toString()).containsPattern("(?m)^  " + Pattern.quote(first.get("layer").getAsString()) + " +ConvNorm ")
                .contains("  " + launches.size() + " ops one by one: ");
    }

    @Test
    void earlierFiguresAreKept() throws IOException {
        Files.createDirectory(place.resolve("out"));
        Files.writeString(place.resolve("out/step.json"), "earlier");
        assertThat(run(tiny(""))).isEqualTo(Main.USAGE);
        assertThat(err.toString()).contains("step.json: it is there already").matches("[^\n]*\n");
        assertThat(place.resolve("out/step.json")).hasContent("earlier");
    }

    /** As a GPU machine may have it: no picture is drawn here. */
    @Test
    void runsOnAJavaWithoutAwt() throws Exception {
        ForkedJava.Result run = ForkedJava.run(Main.class, Map.of("JAVA_TOOL_OPTIONS", "--limit-modules=java.base,java.logging,java.management,java.sql,jdk.unsupported"),
                tiny("--model mobilenet-v1 --batch 1 --samples 1").replace("PLACE", place.toString()).split(" +"));
        assertThat(run.status()).as(run.output()).isZero();
        assertThat(json().getAsJsonArray("rows")).hasSize(1);
    }

    /** A command line and what its one line must say. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--model separable-cnn | unknown model 'separable-cnn': use mobilenet-v1 or mobilenet-v2",
        "--width 0 | width 0.0",
        "--resolution 224,16 | resolution 16 is too small",
        "--batch 0 | batch 0",
        "--batch x | '--batch'",
        "--precision fp8 | unknown precision 'fp8'",
        "--schedule eager | unknown schedule 'eager': use plain or fused",
        "--optimizer lion | unknown optimizer 'lion': use one of sgd, nesterov",
        "--ema 1 | ema 1.0",
        "--tune hard | unknown tuning effort 'hard': use off, quick or full",
        "--warm-up 2 | warm-up of 2 steps",
        "--samples 0 | 0 samples",
        "--seconds NaN | samples of NaN s",
    })
    void refusesInOneLine(String options, String message) {
        assertThat(run("bench step " + options)).as(err.toString()).isEqualTo(Main.USAGE);
        assertThat(err.toString()).startsWith("separable: ").contains(message).matches("[^\n]*\n");
        assertThat(out.toString()).isEmpty();
    }
}
