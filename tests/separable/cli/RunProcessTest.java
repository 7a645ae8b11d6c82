package separable.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.data.IdxFiles;
import separable.device.Device;
import separable.testing.DeviceExtension;
import separable.testing.ForkedJava;
import separable.train.RunHistory;

/** Whole training runs in a process of their own, on an emulated device that is late, old or failing. */
@ExtendWith(DeviceExtension.class)
class RunProcessTest {

    private static final int SIDE = 9;

    /** Where the build put a library of that name. */
    private static final Path STANDIN_NVTX = Path.of("target", "native", "nvtx").toAbsolutePath();

    @TempDir
    Path place;

    @BeforeEach
    void prepare(Device device) throws IOException {
        assumeTrue(device.name().startsWith("Emulated"), "needs the emulated device's switches");
        IdxFiles.write(place, 48, 20, SIDE);
    }

    private ForkedJava.Result train(String out, Map<String, String> environment) throws IOException, InterruptedException {
        return ForkedJava.run(Main.class, environment, trainLine(out).split(" "));
    }

    private String trainLine(String out) {
        return trainLine(out, 16);
    }

    private String trainLine(String out, int batch) {
        return "train --model mobilenet-v1 --width 0.05 --dropout 0.1 --resolution " + SIDE + " --dataset mnist --batch " + batch + " --epochs 2 --precision fp32 --crop 1"
                + " --data " + place + " --out " + place.resolve(out);
    }

    private byte[] weights(String out) throws IOException {
        return Files.readAllBytes(place.resolve(out).resolve("model.safetensors"));
    }

    /** Work that is done at once hides a missing wait: a run must not depend on when its work is done, nor on how it is launched. */
    @Test
    void lateWorkAndPlainLaunchesGiveTheSameBytes() throws Exception {
        assertThat(train("usual", Map.of())).satisfies(run -> assertThat(run.status()).as(run.output()).isZero());
        ForkedJava.Result late = train("late", Map.of("SEPARABLE_EMULATOR_DEFERRED", "1"));
        assertThat(late.status()).as(late.output()).isZero();
        assertThat(weights("late")).isEqualTo(weights("usual"));

        ForkedJava.Result old = train("old", Map.of("SEPARABLE_EMULATOR_DRIVER", "11030"));
        assertThat(old.status()).as(old.output()).isZero();
        assertThat(old.output().lines().findFirst().orElseThrow()).endsWith(", plain launches (the driver is too old for graphs)");
        assertThat(weights("old")).isEqualTo(weights("usual"));
    }

    /** Copies that are late, more steps than the ring has batches: a batch must not be overwritten before it was read. */
    @Test
    void lateStreamedWorkGivesTheSameBytes() throws Exception {
        StringWriter err = new StringWriter();
        int status = Main.run(trainLine("resident", 4).split(" "), new PrintWriter(new StringWriter()), new PrintWriter(err));
        assertThat(status).as(err.toString()).isZero();
        ForkedJava.Result late = ForkedJava.run(Main.class, Map.of("SEPARABLE_EMULATOR_DEFERRED", "1"),
                (trainLine("late", 4) + " --stream").split(" "));
        assertThat(late.status()).as(late.output()).isZero();
        assertThat(late.output()).containsPattern("images/s \\(read at \\d+/s, waited \\d+%\\)");
        assertThat(weights("late")).isEqualTo(weights("resident"));
    }

    /** With a library that prints its ranges, and with what this machine has. */
    @Test
    void profiledRunsNameTheirPartsAndGiveTheSameBytes() throws Exception {
        String[] line = (trainLine("named") + " --profile").split(" ");
        Map<String, String> environment = Map.of("LD_LIBRARY_PATH", System.getenv("LD_LIBRARY_PATH") + ":" + STANDIN_NVTX);
        ForkedJava.Result named = ForkedJava.run(Main.class, environment, line);
        assertThat(named.status()).as(named.output()).isZero();
        assertThat(named.output()).contains(", plain launches for the profiler\n").doesNotContain("never began");
        List<String> ranges = named.output().lines().filter(text -> text.startsWith("range ")).map(text -> text.substring(6)).toList();
        String step = "data data forward backward update ";
        assertThat(String.join(" ", ranges)).startsWith(step.repeat(3) + "evaluate   data   data   forward   data").endsWith("data   forward");

        ForkedJava.Result plain = ForkedJava.run(Main.class, Map.of(), (trainLine("plain") + " --profile").split(" "));
        assertThat(plain.status()).as(plain.output()).isZero();
        assertThat(plain.output()).containsPattern("--profile: no NVTX library is installed|plain launches for the profiler");
        assertThat(weights("named")).isEqualTo(weights("plain"));
    }

    /** A driver call, which of them fails, CUDA's number for the failure, and what the one line says. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "cuMemAlloc:12:2                 | allocating buffer '.*CUDA_ERROR_OUT_OF_MEMORY.* bytes are free: lower the batch",
        "cuLaunchKernel:120:700          | launching kernel .*CUDA_ERROR_ILLEGAL_ADDRESS",
        "cuGraphInstantiateWithFlags:1:2 | instantiating captured graph \\(\\d+ nodes\\): CUDA_ERROR_OUT_OF_MEMORY",
        "cuGraphLaunch:1:700             | launching captured graph \\(\\d+ nodes\\): CUDA_ERROR_ILLEGAL_ADDRESS",
    })
    void aFailingDriverCallEndsTheRunInOneLine(String fault, String message) throws Exception {
        ForkedJava.Result run = train("out", Map.of("SEPARABLE_EMULATOR_FAULTS", fault));
        assertThat(run.status()).as(run.output()).isEqualTo(Main.FAILED);
        // The two lines that say what is run, then the failure's.
        assertThat(run.output()).matches("mobilenet-v1[^\n]*\nresults go to[^\n]*\nseparable: " + message + "[^\n]*\n");
        String[] left = place.resolve("out").toFile().list();
        assertThat(left == null ? List.of() : List.of(left)).isSubsetOf("plan.txt", ".lock");
    }

    /** All that a step may leave to later ones, and evaluations among them: 6 steps an epoch, of 2 batches each. */
    private String everything(String out) {
        return trainLine(out, 4) + " --accumulate 2 --clip-norm 1 --ema 0.9 --eval-steps 2";
    }

    /** Killed three times without a chance to put anything away, then let to its end. */
    @Test
    void aKilledRunGoesOnAndEndsInTheSameBytes() throws Exception {
        StringWriter err = new StringWriter();
        int status = Main.run(everything("whole").split(" "), new PrintWriter(new StringWriter()), new PrintWriter(err));
        assertThat(status).as(err.toString()).isZero();
        String folder = place.resolve("killed").toString();
        Random random = new Random(8);
        List<String> line = new ArrayList<>(List.of(everything("killed").split(" ")));
        for (int kill = 0; kill < 3; kill++) {
            line.addAll(List.of("--checkpoint-steps", "1"));
            killAfterACheckpoint(line, random.nextInt(60));
            line = new ArrayList<>(List.of("train", "--resume", folder));
        }
        ForkedJava.Result last = ForkedJava.run(Main.class, Map.of(), line.toArray(String[]::new));
        assertThat(last.status()).as(last.output()).isZero();
        assertThat(last.output()).containsPattern("test accuracy [01]\\.\\d{4}");
        assertThat(weights("killed")).isEqualTo(weights("whole"));
        assertThat(figures("killed")).isEqualTo(figures("whole")).hasSize(6);
    }

    /** Without what depends on the time. */
    private List<List<Number>> figures(String out) {
        RunHistory history = RunHistory.read(place.resolve(out).resolve("metrics.jsonl"));
        return Stream.concat(
                history.steps().stream().map(line -> List.<Number>of(line.epoch(), line.step(), line.trainLoss(), line.testLoss(), line.testAccuracy())),
                history.epochs().stream().map(line -> List.<Number>of(line.epoch(), line.step(), line.trainLoss(), line.testLoss(), line.testAccuracy())))
                .toList();
    }

    private void killAfterACheckpoint(List<String> line, int milliseconds) throws Exception {
        Path last = place.resolve("killed/checkpoint-last.json");
        byte[] before = Files.exists(last) ? Files.readAllBytes(last) : new byte[0];
        Path output = place.resolve("killed.txt");
        Process process = new ProcessBuilder(ForkedJava.command(Main.class, line.toArray(String[]::new)))
                .redirectErrorStream(true).redirectOutput(output.toFile()).start();
        while (process.isAlive() && (!Files.exists(last) || Arrays.equals(before, Files.readAllBytes(last)))) {
            Thread.sleep(1);
        }
        Thread.sleep(milliseconds);
        process.destroyForcibly().waitFor();
        assertThat(last).as(Files.readString(output)).exists();
    }
}
