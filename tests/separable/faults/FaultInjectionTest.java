package separable.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import separable.cudnn.StandIn;
import separable.device.Device;
import separable.testing.DeviceExtension;
import separable.testing.ForkedJava;

/**
 * The driver calls of every public operation fail, each in every way; {@link FaultWalk} says what must come of it, and
 * {@link WalkedCallsTest} that no operation is left out.
 *
 * <p>Every call number is refused in the device, kernel and cudnn rooms, and in what makes, runs or closes one thing elsewhere. Strides
 * are taken where calls are many and alike: with a lost context ({@link Operations#strideOf}), and for every fault in a measurement and
 * an epoch ({@link Operation#mostTurns}). Of the codes a failed call may give, the rooms above cudnn are given one.
 */
@ExtendWith(DeviceExtension.class)
class FaultInjectionTest {

    /** Walks of each room, which run beside each other: about as long as one another, and the longest begin first. */
    private static final Map<String, Integer> WALKS = walks();

    @TempDir
    Path folder;

    private static Map<String, Integer> walks() {
        Map<String, Integer> walks = new LinkedHashMap<>();
        walks.put("kernel", 4);
        for (String room : List.of("tune", "graph", "train", "cudnn", "predict", "device")) {
            walks.put(room, 1);
        }
        return walks;
    }

    /** A process a walk, as many at a time as there are processors. */
    @TestFactory
    Stream<DynamicTest> everyFailureOfADriverCallEndsAsDocumented(Device device) {
        assumeTrue(device.name().startsWith("Emulated"), "needs the emulated device's faults");
        assumeTrue(System.getenv("SEPARABLE_EMULATOR_ORDER") == null, "failures do not depend on the order of blocks");
        ExecutorService processes = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        List<DynamicTest> tests = new ArrayList<>();
        WALKS.forEach((room, walks) -> {
            for (int first = 0; first < walks; first++) {
                String name = room + " from " + first + " by " + walks;
                String[] arguments = {room, Integer.toString(first), Integer.toString(walks)};
                Future<ForkedJava.Result> result = processes.submit(() -> walk(folder.resolve(name), arguments));
                tests.add(DynamicTest.dynamicTest(name, () -> check(result.get())));
            }
        });
        processes.shutdown();
        return tests.stream();
    }

    private static ForkedJava.Result walk(Path control, String... arguments) throws IOException, InterruptedException {
        try (RandomAccessFile file = new RandomAccessFile(control.toFile(), "rw")) {
            file.setLength(FaultControl.BYTES);
        }
        Map<String, String> environment = new HashMap<>(
                Map.of(FaultControl.VARIABLE, control.toString(), "SEPARABLE_EMULATOR_THREADS", "1", "SEPARABLE_EMULATOR_CHECK", ""));
        if (arguments[0].equals("cudnn")) {
            environment.put("LD_LIBRARY_PATH", StandIn.libraryPath());
        }
        return ForkedJava.run(FaultWalk.class, environment, arguments);
    }

    private static void check(ForkedJava.Result result) {
        assertThat(result.status()).as(result.output()).isZero();
        assertThat(result.output()).as("what the stand-in of cuDNN says at the end").doesNotContain("were never destroyed");
        assertThat(result.output().lines().filter(line -> line.endsWith(" calls"))).as(result.output()).isNotEmpty();
    }
}
