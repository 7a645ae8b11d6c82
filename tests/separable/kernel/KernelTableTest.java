package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import separable.device.BuildInfo;

/** What the CUDA compiler says of each kernel in the fatbin: that it spills nothing and fits the blocks it is launched with. Needs no GPU. */
class KernelTableTest {

    /** Of a multiprocessor, on every GPU; given out by eights to a thread, and by whole warps. */
    private static final int REGISTERS = 64 * 1024;

    private static final int WARP = 32;

    /** From {@code nvcc -maxrregcount=32 --threads 0 -Xptxas -v}, two architectures: a kernel that fits, one with an array that it indexes, one that spills. */
    private static final Path LOG = Path.of("tests", "fixtures", "ptxas.log");

    private static final Path COMPILE = Path.of("native", "kernels", "compile.sh");

    /** @param stack bytes of a thread; {@code spilled} likewise, {@code shared} of a block */
    private record Row(String architecture, String kernel, int registers, int stack, int spilled, int shared) {

        static Row of(String line) {
            String[] cells = line.split(",");
            return new Row(cells[0], cells[1], Integer.parseInt(cells[2]), Integer.parseInt(cells[3]), Integer.parseInt(cells[4]), Integer.parseInt(cells[5]));
        }

        boolean usesMemoryOfAThread() {
            return spilled > 0 || stack > FatbinTest.STACKS.getOrDefault(kernel, 0);
        }

        boolean fits(int threads) {
            return (registers + 7) / 8 * 8 * ((threads + WARP - 1) / WARP * WARP) <= REGISTERS;
        }
    }

    private static List<Row> rows(String table) {
        return table.lines().skip(1).map(Row::of).toList();
    }

    /** The fatbin's own, or a skipped test. */
    private static List<Row> built() throws IOException {
        assumeTrue(BuildInfo.read().hasGpuCode(), "built without nvcc: there is no machine code whose registers could be looked at");
        try (InputStream table = KernelTableTest.class.getResourceAsStream("/separable/native/kernels.csv")) {
            assertThat(table).as("kernels.csv beside the fatbin: build it again").isNotNull();
            return rows(new String(table.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void everyArchitectureHasEveryKernel() throws IOException {
        List<Row> rows = built();
        for (String architecture : BuildInfo.read().architectures()) {
            assertThat(rows.stream().filter(row -> row.architecture.equals(architecture)).map(Row::kernel)).as("sm_" + architecture).doesNotHaveDuplicates()
                    .containsAll(FatbinTest.blocks().keySet());
        }
    }

    @Test
    void nothingSpills() throws IOException {
        assertThat(built()).isNotEmpty().noneMatch(Row::usesMemoryOfAThread).allMatch(row -> row.registers > 0 && row.shared <= FatbinTest.SHARED_BYTES);
    }

    @Test
    void theLargestBlockFitsTheRegisters() throws IOException {
        Map<String, Integer> blocks = FatbinTest.blocks();
        assertThat(built()).isNotEmpty().allMatch(row -> row.fits(blocks.getOrDefault(row.kernel, WARP)));
    }

    private record Compiled(int status, String output, List<Row> rows) {}

    /** Runs the build's script with a compiler that prints {@code log} and ends with {@code status}. */
    private static Compiled compile(Path folder, Path log, int status) throws IOException, InterruptedException {
        Path table = folder.resolve("kernels.csv");
        Path output = folder.resolve("output.txt");
        Process process = new ProcessBuilder(COMPILE.toString(), table.toString(), "sh", "-c", "cat \"$0\" >&2; exit " + status, log.toString())
                .redirectErrorStream(true).redirectOutput(output.toFile()).start();
        int ended = process.waitFor();
        return new Compiled(ended, Files.readString(output), Files.exists(table) ? rows(Files.readString(table)) : List.of());
    }

    @Test
    void spillsAndStacksAreSeen(@TempDir Path folder) throws IOException, InterruptedException {
        Compiled compiled = compile(folder, LOG, 0);
        assertThat(compiled.status).isZero();
        assertThat(compiled.rows).containsExactly(
                new Row("80", "fitting", 10, 0, 0, 1024), new Row("80", "indexed", 22, 64, 0, 0), new Row("80", "spilling", 32, 416, 964 + 1044, 0),
                new Row("90", "fitting", 10, 0, 0, 1024), new Row("90", "indexed", 24, 64, 0, 0), new Row("90", "spilling", 32, 432, 1196 + 1276, 0));
        assertThat(compiled.rows.stream().filter(Row::usesMemoryOfAThread).map(Row::kernel).distinct()).containsExactly("indexed", "spilling");
        assertThat(compiled.output.lines()).contains("sm_90: 3 kernels, at most 32 registers (spilling), 2 with a stack or spills:",
                "    spilling: 432 bytes of stack, 2472 bytes spilled");
    }

    /** One architecture without spills, and a warning among the lines, which is shown. */
    @Test
    void aCleanBuildIsALine(@TempDir Path folder) throws IOException, InterruptedException {
        String clean = Arrays.stream(Files.readString(LOG).split("(?=ptxas info    : Compiling)")).filter(part -> part.contains("'fitting' for 'sm_90'"))
                .collect(Collectors.joining());
        Path log = Files.writeString(folder.resolve("ptxas.log"), clean + "all.cu(7): warning #177-D: variable was declared but never referenced\n");
        Compiled compiled = compile(folder, log, 0);
        assertThat(compiled.rows).containsExactly(new Row("90", "fitting", 10, 0, 0, 1024));
        assertThat(compiled.output.lines()).containsExactlyInAnyOrder("sm_90: 1 kernel, at most 10 registers (fitting), no stack, nothing spilled",
                "all.cu(7): warning #177-D: variable was declared but never referenced");
    }

    @Test
    void whatDoesNotCompileIsShown(@TempDir Path folder) throws IOException, InterruptedException {
        Path log = Files.writeString(folder.resolve("ptxas.log"), "all.cu(7): error: expected a \";\"\n");
        Compiled compiled = compile(folder, log, 3);
        assertThat(compiled.status).isEqualTo(3);
        assertThat(compiled.output).contains("error: expected a");
        assertThat(compiled.rows).isEmpty();
    }

    @Test
    void aBlockFitsByWarpsAndEights() {
        assertThat(Stream.of(64, 65, 128).map(registers -> new Row("90", "any", registers, 0, 0, 0).fits(1000))).containsExactly(true, false, false);
    }
}
