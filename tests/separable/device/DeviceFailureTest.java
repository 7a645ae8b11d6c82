package separable.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Map;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import separable.testing.DeviceExtension;
import separable.testing.ForkedJava;

/** Failures of a whole process: its environment, its device, its context. */
@ExtendWith(DeviceExtension.class)
class DeviceFailureTest {

    private static ForkedJava.Result probe(Map<String, String> environment, String... arguments) throws Exception {
        return ForkedJava.run(DeviceProbe.class, environment, arguments);
    }

    private static void requireEmulated(Device device) {
        assumeTrue(device.name().startsWith("Emulated"), "needs the emulated device's switches");
    }

    @Test
    void leaksAreNamedAndClosed() throws Exception {
        ForkedJava.Result result = probe(Map.of(), "leak");
        assertThat(result.status()).as(result.output()).isZero();
        assertThat(result.output()).contains("was closed with 3 resources still open: [buffer 'forgotten' (4096 bytes), stream,"
                + " pinned buffer 'forgotten too' (64 bytes)]");
    }

    @Test
    void aDeviceCanBeOpenedAgain() throws Exception {
        assertThat(probe(Map.of(), "reopen")).isEqualTo(new ForkedJava.Result(0, "kernel add_f32 4" + System.lineSeparator()));
    }

    @Test
    void launchesAfterTheDeviceIsClosedAreRefused() throws Exception {
        ForkedJava.Result result = probe(Map.of(), "use-after-close");
        assertThat(result.output()).contains("error: kernel add_f32 on a grid of 1x1x1 blocks of 1 threads was used after it, or the device it is for, was closed");
    }

    @Test
    void aMissingDriverIsNamed(Device device) throws Exception {
        requireEmulated(device);
        ForkedJava.Result result = probe(Map.of("LD_LIBRARY_PATH", ""), "open");
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.output()).startsWith("error: loading the CUDA driver: libcuda.so.1 cannot be loaded (LD_LIBRARY_PATH=)")
                .contains("install the NVIDIA driver").hasLineCount(1);
    }

    @Test
    void aMissingDeviceIsNamed(Device device) throws Exception {
        requireEmulated(device);
        ForkedJava.Result result = probe(Map.of("SEPARABLE_EMULATOR_FAULTS", "cuInit:1:100"), "open");
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.output()).startsWith("error: initialising the CUDA driver: CUDA_ERROR_NO_DEVICE (")
                .contains("no NVIDIA GPU is visible").hasLineCount(1);
    }

    @Test
    void aSmallDeviceSaysHowMuchItHas(Device device) throws Exception {
        requireEmulated(device);
        ForkedJava.Result result = probe(Map.of("SEPARABLE_EMULATOR_MEMORY", "1000000"), "allocate", "2000000");
        assertThat(result.status()).isEqualTo(1);
        assertThat(result.output()).startsWith("error: allocating buffer 'activations' (2000000 bytes): CUDA_ERROR_OUT_OF_MEMORY (")
                .contains(" of 1000000 bytes are free: lower the batch");
    }

    @Test
    void aFailingCopyNamesTheBuffer(Device device) throws Exception {
        requireEmulated(device);
        ForkedJava.Result result = probe(Map.of("SEPARABLE_EMULATOR_FAULTS", "cuMemcpyHtoD:1:700"), "copy");
        assertThat(result.output()).contains("error: copying to buffer 'copied' (16 bytes): CUDA_ERROR_ILLEGAL_ADDRESS (");
    }

    @Test
    void aDriverTooOldForTheKernelsIsNamed(Device device) throws Exception {
        requireEmulated(device);
        ForkedJava.Result result = probe(Map.of("SEPARABLE_EMULATOR_FAULTS", "cuModuleLoadData:1:209"), "use-after-close");
        assertThat(result.output()).contains("error: loading module 'separable': CUDA_ERROR_NO_BINARY_FOR_GPU (")
                .contains(BuildInfo.read().advice(CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU, device.computeCapability(), device.driverVersion()));
    }
}
