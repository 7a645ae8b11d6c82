package separable.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.device.Device;
import separable.testing.DeviceExtension;
import separable.testing.ForkedJava;

/** Several contexts in one process, and what is left in them: the emulated device keeps the books. */
@ExtendWith(DeviceExtension.class)
class ContextTest {

    @BeforeEach
    void requireEmulated(Device device) {
        assumeTrue(device.name().startsWith("Emulated"), "needs the emulated device's switches");
    }

    private static ForkedJava.Result run(String mode) throws Exception {
        return ForkedJava.run(ContextProbe.class, Map.of("SEPARABLE_EMULATOR_LEAKS", "1"), mode);
    }

    @Test
    void twoContextsWorkAtOnceAndNothingIsLeftInThem() throws Exception {
        assertThat(run("close")).isEqualTo(new ForkedJava.Result(0, "81.0\n36.0\n"));
    }

    @Test
    void anOpThatIsForgottenLeavesItsModule() throws Exception {
        assertThat(run("forget").output()).contains("leak: 1 module(s) never destroyed");
    }

    @Test
    void aCloseAfterTheContextSaysSo() throws Exception {
        ForkedJava.Result result = run("late");
        assertThat(result.status()).isZero();
        assertThat(result.output()).contains("was closed after its context had been destroyed");
    }
}
