package separable.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {

    @TempDir
    Path place;

    private static RunFolder.Content text(String text) {
        return file -> Files.writeString(file, text);
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void replacesFilesTogether() throws IOException {
        try (RunFolder folder = RunFolder.open(place.resolve("a/b"))) {
            folder.replace(Map.of("x", text("1")));
            folder.replace(Map.of("x", text("2"), "y", text("3")));
        }
        assertThat(names(place.resolve("a/b"))).containsExactly("x", "y");
        assertThat(place.resolve("a/b/x")).hasContent("2");
    }

    @Test
    void leavesOldFilesAloneWhenOneCannotBeWritten() throws IOException {
        try (RunFolder folder = RunFolder.open(place)) {
            folder.replace(Map.of("x", text("old x"), "y", text("old y")));
            Map<String, RunFolder.Content> files = new LinkedHashMap<>();
            files.put("x", text("new x"));
            files.put("y", file -> {
                Files.writeString(file, "half of ");
                throw new FileSystemException(file.toString(), null, "No space left on device");
            });
            assertThatThrownBy(() -> folder.replace(files)).isInstanceOf(TrainingException.class)
                    .hasMessage("cannot write " + place.resolve("y") + ": No space left on device: make room on that disk or choose another --out");
        }
        assertThat(names(place)).containsExactly("x", "y");
        assertThat(place.resolve("x")).hasContent("old x");
        assertThat(place.resolve("y")).hasContent("old y");
    }

    @Test
    void refusesPlacesThatCannotBeWritten() throws IOException {
        Path file = Files.writeString(place.resolve("file"), "content");
        assertThatThrownBy(() -> RunFolder.open(file)).isInstanceOf(TrainingException.class).hasMessageContaining("it is a file, not a folder");
        assertThatThrownBy(() -> RunFolder.open(file.resolve("below"))).isInstanceOf(TrainingException.class)
                .satisfies(e -> assertThat(e.getMessage()).startsWith("cannot write to " + file.resolve("below")).doesNotContain("\n"));
        assertThat(file).hasContent("content");
        // Nobody may write here, not even root.
        assertThatThrownBy(() -> RunFolder.open(Path.of("/proc/self/out"))).isInstanceOf(TrainingException.class)
                .hasMessageStartingWith("cannot write to /proc/self/out");
    }

    /** Of a process that has ended and of one that runs: this. */
    @Test
    void deletesWhatAKilledProcessLeft() throws IOException, InterruptedException {
        Process gone = new ProcessBuilder("true").start();
        gone.waitFor();
        for (String name : List.of(".model.safetensors.1." + gone.pid() + ".tmp", "..model.safetensors.1.7.tmp.1." + gone.pid() + ".tmp",
                ".model.safetensors.1." + ProcessHandle.current().pid() + ".tmp", "notes.1." + gone.pid() + ".tmp", ".x.tmp")) {
            Files.writeString(place.resolve(name), "half of ");
        }
        RunFolder.open(place).close();
        assertThat(names(place)).containsExactlyInAnyOrder(".model.safetensors.1." + ProcessHandle.current().pid() + ".tmp",
                "notes.1." + gone.pid() + ".tmp", ".x.tmp");
    }

    /** Tries the folder that it is given. */
    static final class AnotherRun {
        public static void main(String[] arguments) {
            try (RunFolder folder = RunFolder.openForRun(Path.of(arguments[0]))) {
                System.out.print("has " + folder.path());
            } catch (TrainingException e) {
                System.out.print(e.getMessage());
            }
        }
    }

    private static String anotherRunIn(Path folder) throws IOException {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin/java").toString(), "-cp", System.getProperty("java.class.path"),
                AnotherRun.class.getName(), folder.toString()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void isForOneRunAtATime() throws IOException {
        String held = "cannot write to " + place + ": another run is under way there: wait for its end, stop it, or choose another --out";
        try (RunFolder folder = RunFolder.openForRun(place)) {
            assertThatThrownBy(() -> RunFolder.openForRun(place)).isInstanceOf(TrainingException.class).hasMessage(held);
            assertThat(anotherRunIn(place)).isEqualTo(held);
            RunFolder.open(place).close();
            folder.replace(Map.of("x", text("1")));
        }
        assertThat(anotherRunIn(place)).isEqualTo("has " + place);
        RunFolder.openForRun(place).close();
        assertThat(place.resolve("x")).hasContent("1");
    }

    @Test
    void takesAnEmptyFolderOfItsOwnAwayAgain() {
        RunFolder.openForRun(place.resolve("new")).close();
        assertThat(place.resolve("new")).doesNotExist();
        RunFolder.open(place).close();
        assertThat(place).exists();
    }
}
