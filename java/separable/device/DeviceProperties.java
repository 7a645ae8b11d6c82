package separable.device;

import java.nio.charset.StandardCharsets;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.JCudaDriver;

/**
 * What never changes about a device.
 *
 * @param ordinal                 its number in CUDA's list
 * @param totalMemory             bytes
 * @param driverVersion           the CUDA version the driver supports, 12040 for 12.4
 * @param computeCapability       80 for 8.0
 * @param blocksPerMultiprocessor that can run at once on one of them
 * @param sharedMemoryPerBlock    bytes, static and dynamic, that a block can have at most
 * @param cacheBytes              of the second level, which all multiprocessors share
 */
record DeviceProperties(int ordinal, String name, long totalMemory, int driverVersion, int computeCapability, int multiprocessors,
                        int blocksPerMultiprocessor, int sharedMemoryPerBlock, int cacheBytes) {

    static DeviceProperties of(CUdevice handle) {
        int ordinal = (int) Handles.of(handle);
        return new DeviceProperties(ordinal, name(handle, ordinal), totalMemory(handle, ordinal), installedDriverVersion(),
                10 * attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
                        + attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
                attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
                attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR),
                attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
                attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE));
    }

    private static int attribute(CUdevice handle, int attribute) {
        int[] value = new int[1];
        Driver.check("reading the attributes of", "device " + Handles.of(handle),
                () -> JCudaDriver.cuDeviceGetAttribute(value, attribute, handle));
        return value[0];
    }

    private static String name(CUdevice handle, int ordinal) {
        byte[] text = new byte[256];
        Driver.check("reading the name of", "device " + ordinal, () -> JCudaDriver.cuDeviceGetName(text, text.length, handle));
        int length = 0;
        while (length < text.length && text[length] != 0) {
            length++;
        }
        return new String(text, 0, length, StandardCharsets.UTF_8);
    }

    private static long totalMemory(CUdevice handle, int ordinal) {
        long[] bytes = new long[1];
        Driver.check("asking the memory of", "device " + ordinal, () -> JCudaDriver.cuDeviceTotalMem(bytes, handle));
        return bytes[0];
    }

    private static int installedDriverVersion() {
        int[] version = new int[1];
        Driver.check("asking the version of", "the CUDA driver", () -> JCudaDriver.cuDriverGetVersion(version));
        return version[0];
    }
}
