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
    void theBuildDescribesItself(Device device) {
        BuildInfo build = BuildInfo.read();
        assertThat(build.version()).isNotBlank();
        assertThat(build.hasGpuCode()).isEqualTo(!build.compiler().equals("none"));
        assertThat(build.describe(device)).contains("this device is " + device.computeCapability());
        assertThat(new BuildInfo(List.of(), "", "none", "1").describe(device))
                .startsWith("built without a CUDA compiler, so without code for a GPU: install nvcc and build again");
    }
}
