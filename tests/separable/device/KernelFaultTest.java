package separable.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.testing.DeviceExtension;
import separable.testing.ForkedJava;

/**
 * Kernels that are wrong on purpose, from tests/native/faulty_kernels.cu. Each loses its context and so gets a process of its
 * own; that the process ends with an error of its own making shows that the JVM survived.
 */
@ExtendWith(DeviceExtension.class)
class KernelFaultTest {

    private static final Path FAULTY = Path.of("target", "native", "faulty_kernels.so");

    @BeforeEach
    void requireEmulated(Device device) {
        assumeTrue(device.name().startsWith("Emulated"), "the faulty kernels are built for the emulated device only");
    }

    /** @param integer the kernel's last argument; empty when it has none */
    private static String errorOf(String entry, int pointers, String integer) throws Exception {
        ForkedJava.Result result = ForkedJava.run(DeviceProbe.class,
                Map.of("SEPARABLE_EMULATOR_CHECK", "1", "SEPARABLE_EMULATOR_TIMEOUT", "500"),
                "fault", FAULTY.toString(), entry, Integer.toString(pointers), integer);
        assertThat(result.status()).as(result.output()).isEqualTo(1);
        return result.output().lines().filter(line -> line.startsWith("error: ")).findFirst().orElse(result.output());
    }

    @Test
    void aWritePastTheEndNamesKernelBlockAndLine() throws Exception {
        assertThat(errorOf("write_past_end", 1, "64"))
                .contains(": CUDA_ERROR_ILLEGAL_ADDRESS (an illegal memory access was encountered")
                .contains("kernel write_past_end, block (0,0,0)").containsPattern("faulty_kernels\\.cu:\\d+")
                .contains("; a kernel failed and the device's context is lost");
    }

    @Test
    void aMisalignedLoadIsNamed() throws Exception {
        assertThat(errorOf("load_misaligned", 2, "")).contains("CUDA_ERROR_MISALIGNED_ADDRESS (").contains("load_misaligned");
    }

    @Test
    void anEndlessLoopIsEnded() throws Exception {
        assertThat(errorOf("spin", 1, "")).contains("CUDA_ERROR_LAUNCH_TIMEOUT (").contains("spin");
    }

    @Test
    void aBarrierThatSomeThreadsLeaveIsNamed() throws Exception {
        assertThat(errorOf("leave_before_barrier", 1, "16")).contains("CUDA_ERROR_").contains("leave_before_barrier");
    }
}
