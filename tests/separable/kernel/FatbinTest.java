package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import separable.device.Device;
import separable.device.Kernel;
import separable.testing.DeviceExtension;

/** Every kernel that the recorded launches name is in the module, and on a GPU fits its registers and shared memory. */
@ExtendWith(DeviceExtension.class)
class FatbinTest {

    /** Static shared memory a block can have on every GPU. */
    static final int SHARED_BYTES = 48 * 1024;

    /** Bytes of stack that are no spills: cosf and sinf reduce arguments above 105615, as no draw and no angle is, in an array there. */
    static final Map<String, Integer> STACKS = Map.of("initialise_normal_f32", 32, "augment_draw", 32);

    /** Kernel names, and the threads of the largest block each was launched with. A line begins: name, grid x y z, block x y z. */
    static SortedMap<String, Integer> blocks() {
        try (InputStream launches = FatbinTest.class.getResourceAsStream("/launches.txt")) {
            return new String(launches.readAllBytes(), StandardCharsets.UTF_8).lines()
                    .map(line -> line.split(" ", 8))
                    .collect(Collectors.toMap(words -> words[0], FatbinTest::blockThreads, Math::max, TreeMap::new));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Stream<Arguments> kernels() {
        return blocks().entrySet().stream().map(kernel -> Arguments.of(kernel.getKey(), kernel.getValue()));
    }

    private static int blockThreads(String[] words) {
        return Integer.parseInt(words[4]) * Integer.parseInt(words[5]) * Integer.parseInt(words[6]);
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void holdsTheKernelForItsBlock(String entry, int threads, Device device) {
        assertThat(device.kernel(entry).maxThreads()).isGreaterThanOrEqualTo(threads);
    }

    @Tag("gpu")
    @ParameterizedTest
    @MethodSource("kernels")
    void spillsNothing(String entry, int threads, Device device) {
        Kernel kernel = device.kernel(entry);
        assertThat(kernel.localBytes()).as("bytes of local memory of %s, %d registers", entry, kernel.registers())
                .isLessThanOrEqualTo(STACKS.getOrDefault(entry, 0));
        assertThat(kernel.sharedBytes()).isLessThanOrEqualTo(SHARED_BYTES);
    }
}
