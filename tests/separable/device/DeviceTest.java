package separable.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import jcuda.CudaException;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import separable.testing.DeviceExtension;

@ExtendWith(DeviceExtension.class)
class DeviceTest {

    @Test
    void describesItself(Device device) {
        assertThat(device.name()).isNotBlank();
        assertThat(device.computeCapability()).isBetween(75, 200);
        assertThat(device.multiprocessors()).isPositive();
        assertThat(device.totalMemory()).isGreaterThanOrEqualTo(device.freeMemory()).isPositive();
        assertThat(device.driverVersion()).isGreaterThanOrEqualTo(12000);
        assertThat(device.supportsGraphs()).isTrue();
        assertThat(device.sharedMemoryPerBlock()).isGreaterThanOrEqualTo(48 * 1024);
    }

    @Test
    void otherThreadsMakeItCurrent(Device device) {
        DeviceBuffer buffer = CompletableFuture.supplyAsync(() -> {
            device.makeCurrent();
            DeviceBuffer made = device.allocate(16, "from another thread");
            made.write(new int[] {42});
            return made;
        }).join();
        assertThat(buffer.readInts(0, 1)).containsExactly(42);
    }

    @Test
    void errorsAreTheSameWithJcudasExceptionsOn(Device device) {
        JCudaDriver.setExceptionsEnabled(true);
        try {
            assertThatThrownBy(() -> device.allocate(1L << 50, "huge")).isInstanceOf(DeviceException.class)
                    .hasMessageContaining("CUDA_ERROR_OUT_OF_MEMORY");
            assertThat(device.newEvent().isDone()).isTrue();
        } finally {
            JCudaDriver.setExceptionsEnabled(false);
        }
    }

    @Test
    void everyErrorOfJcudasIsRecognised() {
        assertThat(Driver.code(new CudaException("CUDA_ERROR_ILLEGAL_ADDRESS"))).isEqualTo(CUresult.CUDA_ERROR_ILLEGAL_ADDRESS);
        CudaException unknown = new CudaException("something else");
        assertThatThrownBy(() -> Driver.code(unknown)).isSameAs(unknown);
    }

    @Test
    void errorsSayWhatWhereAndWhatToDo(Device device) {
        assertThat(Driver.failure(CUresult.CUDA_ERROR_NO_DEVICE, "opening", "device 0"))
                .hasMessageStartingWith("opening device 0: CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected); no NVIDIA GPU is");
        assertThat(Driver.failure(CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "loading", "module 'separable'"))
                .hasMessageStartingWith("loading module 'separable': CUDA_ERROR_UNSUPPORTED_PTX_VERSION")
                .hasMessageEndingWith("; the driver is older than the compiler that made the kernels: update the driver,"
                        + " or build with an older nvcc");
        assertThat(Driver.failure(12345, "doing", "something")).hasMessageStartingWith("doing something: INVALID CUresult: 12345; see");
    }

    @Test
    void theBuildDescribesItself() {
        BuildInfo build = BuildInfo.read();
        assertThat(build.version()).isNotBlank();
        assertThat(build.hasGpuCode()).isEqualTo(!build.compiler().equals("none"));
    }

    /** Architectures, PTX and compiler of a build, the device's capability and driver, and what the advice must say. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "      |    | none         | 90  | 13000 | built without nvcc, so without code for a GPU: install nvcc and build again, or use the emulated",
        "80,90 | 80 | nvcc 13.0.88 | 90  | 12060 | install a driver for CUDA 13 or newer, or build with nvcc 12 (built by nvcc 13.0.88: machine code for 80, 90",
        "80,90 | 80 | nvcc 12.4.1  | 75  | 13000 | not built for this GPU: build with -Dcuda.architectures=75",
        "90    |    | nvcc 12.4.1  | 100 | 13000 | not built for this GPU: build with -Dcuda.architectures=100",
        "89    |    | nvcc 12.4.1  | 86  | 13000 | not built for this GPU: build with -Dcuda.architectures=86",
        "80,90 | 80 | nvcc 12.8.0  | 120 | 12060 | the driver is older than the compiler",
        "80    |    | nvcc 12.8.0  | 89  | 12060 | this device is 8.9 with a driver for CUDA 12.6"
    })
    void aRefusedBuildSaysWhy(String architectures, String ptx, String compiler, int capability, int driver, String advice) {
        List<String> built = architectures == null ? List.of() : List.of(architectures.split(","));
        BuildInfo build = new BuildInfo(built, ptx == null ? "" : ptx, compiler, "1");
        assertThat(build.advice(CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION, capability, driver)).contains(advice);
    }
}
