package separable.device;

import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.JCudaDriver;

/** The driver's side of a kernel, shared by everybody who uses the module. */
final class KernelEntry {

    /** Shared memory a block may have without asking for it first. */
    private static final int ORDINARY_SHARED_BYTES = 48 * 1024;

    private final KernelModule module;
    private final CUfunction function;
    private final String name;
    private final int maxThreads;
    private final int registers;
    private final int sharedBytes;
    private final int localBytes;
    private int dynamicSharedBytes;

    KernelEntry(KernelModule module, CUfunction function, String name) {
        this.module = module;
        this.function = function;
        this.name = name;
        this.maxThreads = attribute(CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
        this.registers = attribute(CUfunction_attribute.CU_FUNC_ATTRIBUTE_NUM_REGS);
        this.sharedBytes = attribute(CUfunction_attribute.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
        this.localBytes = attribute(CUfunction_attribute.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
        this.dynamicSharedBytes = Math.max(0, ORDINARY_SHARED_BYTES - sharedBytes);
    }

    String name() {
        return name;
    }

    int maxThreads() {
        return maxThreads;
    }

    int registers() {
        return registers;
    }

    int sharedBytes() {
        return sharedBytes;
    }

    int localBytes() {
        return localBytes;
    }

    boolean isOpen() {
        return module.isOpen();
    }

    CUfunction function() {
        module.requireOpen();
        return function;
    }

    /** Makes launches with so many bytes of dynamic shared memory possible; what was possible before stays so. */
    synchronized void allowDynamicShared(int bytes, Device device) {
        int limit = device.sharedMemoryPerBlock() - sharedBytes;
        if (bytes < 0 || bytes > limit) {
            throw new IllegalArgumentException(this + " with " + bytes + " bytes of dynamic shared memory: " + device.name()
                    + " has from 0 to " + limit + " for a block");
        }
        if (bytes > dynamicSharedBytes) {
            Driver.check("asking for " + bytes + " bytes of shared memory for", this, () -> JCudaDriver.cuFuncSetAttribute(
                    function(), CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes));
            dynamicSharedBytes = bytes;
        }
    }

    private int attribute(int attribute) {
        int[] value = new int[1];
        Driver.check("reading the attributes of", this, () -> JCudaDriver.cuFuncGetAttribute(value, attribute, function));
        return value[0];
    }

    @Override
    public String toString() {
        return "kernel " + name;
    }
}
