package separable.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
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

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"device", "kernel", "cudnn", "tune", "graph", "train", "predict"})
    void everyFailureOfADriverCallEndsAsDocumented(String room, Device device) throws Exception {
        assumeTrue(device.name().startsWith("Emulated"), "needs the emulated device's faults");
        assumeTrue(System.getenv("SEPARABLE_EMULATOR_ORDER") == null, "failures do not depend on the order of blocks");
        Path control = folder.resolve("control");
        try (RandomAccessFile file = new RandomAccessFile(control.toFile(), "rw")) {
            file.setLength(FaultControl.BYTES);
        }
        Map<String, String> environment = new HashMap<>(
                Map.of(FaultControl.VARIABLE, control.toString(), "SEPARABLE_EMULATOR_THREADS", "1", "SEPARABLE_EMULATOR_CHECK", ""));
        if (room.equals("cudnn")) {
            environment.put("LD_LIBRARY_PATH", StandIn.libraryPath());
        }
        ForkedJava.Result result = ForkedJava.run(FaultWalk.class, environment, room);
        assertThat(result.status()).as(result.output()).isZero();
        assertThat(result.output()).as("what the stand-in of cuDNN says at the end").doesNotContain("were never destroyed");
        assertThat(result.output().lines().filter(line -> line.endsWith(" calls"))).as(result.output()).isNotEmpty();
    }
}
