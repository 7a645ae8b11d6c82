package separable.tune;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import separable.device.Device;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.spec.Shape;
import separable.testing.DeviceExtension;
import separable.testing.ForkedJava;
import separable.tune.Decision.Score;
import separable.tune.Decision.Source;

@ExtendWith(DeviceExtension.class)
class TuningCacheTest {

    private static final Tuning QUICK = Tuning.of(Effort.QUICK).withoutCache();

    private static Problem problem(int n) {
        return new Problem(ConvSpec.pointwise(new Shape(n, 4, 4, 8), 16), DType.F32, Layout.NHWC, Pass.FORWARD);
    }

    private static Decision decision(int n, String winner) {
        return new Decision(problem(n), winner, Source.MEASURED, List.of(new Score(winner, 1.5), new Score("second", 2.5)), "measured", List.of());
    }

    private static void remember(Path folder, Device device, int n, String winner) {
        TuningCache.Section section = TuningCache.in(folder).section(device);
        section.put(decision(n, winner), QUICK);
        section.save();
    }

    private static Optional<Decision> recall(Path folder, Device device, int n) {
        return TuningCache.in(folder).section(device).find(problem(n), QUICK);
    }

    @Test
    void whatIsRememberedComesBack(@TempDir Path folder, Device device) {
        remember(folder.resolve("made/when/needed"), device, 1, "first");
        Decision found = recall(folder.resolve("made/when/needed"), device, 1).orElseThrow();
        assertThat(found.winner()).isEqualTo("first");
        assertThat(found.source()).isEqualTo(Source.REMEMBERED);
        assertThat(found.scores()).containsExactly(new Score("first", 1.5), new Score("second", 2.5));
        assertThat(recall(folder.resolve("made/when/needed"), device, 2)).isEmpty();
    }

    @Test
    void anotherWorkspaceLimitIsAnotherProblem(@TempDir Path folder, Device device) {
        remember(folder, device, 1, "first");
        assertThat(TuningCache.in(folder).section(device).find(problem(1), QUICK.withWorkspaceLimit(1))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "null", "[]", "{}", "not json", "{\"format\":1}", "{\"format\":2,\"entries\":{}}", "{\"format\":1,\"entries\":{\"k\":null}}",
        "{\"format\":1,\"entries\":{\"k\":{\"effort\":\"quick\",\"winner\":\"x\",\"microseconds\":-1}}}",
        "{\"format\":1,\"entries\":{\"k\":{\"effort\":\"hasty\",\"winner\":\"x\",\"microseconds\":1}}}",
        "{\"format\":1,\"entries\":{\"k\":{\"effort\":\"quick\",\"microseconds\":1}}}", "{\"format\":1e99,\"entries\":3}"})
    void aFileOfAnotherKindIsIgnoredAndReplaced(String content, @TempDir Path folder, Device device) throws IOException {
        Files.writeString(folder.resolve("tuning.json"), content);
        assertThat(recall(folder, device, 1)).isEmpty();
        remember(folder, device, 1, "first");
        assertThat(recall(folder, device, 1)).isPresent();
    }

    /** Cut off anywhere or with bytes changed anywhere, the file is used or ignored, never a failure. */
    @Test
    void damageNeverFails(@TempDir Path folder, Device device) throws IOException {
        remember(folder, device, 1, "first");
        remember(folder, device, 2, "other");
        Path file = folder.resolve("tuning.json");
        byte[] whole = Files.readAllBytes(file);
        Random random = new Random(1);
        int ignored = 0;
        for (int trial = 0; trial < 400; trial++) {
            byte[] damaged = Arrays.copyOf(whole, trial % 2 == 0 ? random.nextInt(whole.length) : whole.length);
            for (int i = 0; i < trial % 5 && damaged.length > 0; i++) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            Files.write(file, damaged);
            try {
                new CacheFile(folder).read();
            } catch (CacheFile.UnreadableException e) {
                ignored++;
                assertThat(e.getMessage()).doesNotContain("\n");
            }
        }
        assertThat(ignored).isGreaterThan(200);
        remember(folder, device, 3, "third");
        assertThat(recall(folder, device, 3)).isPresent();
    }

    /** Writes so many entries one by one, as a tuner would; run by the test below in processes of its own. */
    public static final class Writer {
        public static void main(String[] arguments) throws IOException {
            int first = Integer.parseInt(arguments[1]);
            for (int n = first; n < first + ENTRIES; n++) {
                Score score = new Score("winner " + n, n);
                new CacheFile(Path.of(arguments[0])).merge(Map.of("key " + n, new CacheEntry(Effort.QUICK, score, Optional.empty(), n)));
            }
        }
    }

    private static final int ENTRIES = 100;

    @Test
    void twoProcessesLoseNothing(@TempDir Path folder) throws Exception {
        List<CompletableFuture<ForkedJava.Result>> processes = Stream.of(0, ENTRIES).map(first -> CompletableFuture.supplyAsync(() -> {
            try {
                return ForkedJava.run(Writer.class, Map.of(), folder.toString(), String.valueOf(first));
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        })).toList();
        for (CompletableFuture<ForkedJava.Result> process : processes) {
            assertThat(process.get().status()).as(process.get().output()).isZero();
        }
        Map<String, CacheEntry> entries = new CacheFile(folder).read();
        assertThat(entries).hasSize(2 * ENTRIES);
        assertThat(entries.get("key 150").winner()).isEqualTo(new Score("winner 150", 150));
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("tuning.json", "tuning.lock");
        }
    }

    @Test
    void moreEffortIsNotOverwrittenByLess(@TempDir Path folder) throws Exception {
        CacheEntry full = new CacheEntry(Effort.FULL, new Score("full", 1), Optional.empty(), 10);
        CacheEntry quick = new CacheEntry(Effort.QUICK, new Score("quick", 1), Optional.empty(), 20);
        CacheFile file = new CacheFile(folder);
        file.merge(Map.of("key", full));
        file.merge(Map.of("key", quick));
        assertThat(file.read()).containsEntry("key", full);
    }

    @Test
    void theOldestGoWhenThereAreTooMany(@TempDir Path folder) throws Exception {
        Map<String, CacheEntry> many = new HashMap<>();
        for (int n = 0; n < CacheFile.MOST_ENTRIES + 5; n++) {
            many.put("key " + n, new CacheEntry(Effort.QUICK, new Score("winner", 1), Optional.empty(), n));
        }
        new CacheFile(folder).merge(many);
        Map<String, CacheEntry> left = new CacheFile(folder).read();
        assertThat(left).hasSize(CacheFile.MOST_ENTRIES).doesNotContainKeys("key 0", "key 4").containsKey("key 5");
    }

    /** A file where the folder should be: not even root can write there. */
    @Test
    void anUnwritableFolderIsNoFailure(@TempDir Path folder, Device device) throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "", StandardCharsets.UTF_8);
        TuningCache cache = TuningCache.in(file.resolve("cache"));
        TuningCache.Section section = cache.section(device);
        assertThat(section.find(problem(1), QUICK)).isEmpty();
        section.put(decision(1, "first"), QUICK);
        section.save();
        section.save();
        assertThat(cache.section(device).find(problem(1), QUICK)).as("remembered while the process lives").isPresent();
        assertThat(file).isEmptyFile();
    }
}
