package separable.device;

import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.JCudaDriver;

/** One entry point of a {@link KernelModule}. */
public final class Kernel {

    /** Shared memory a block may have without asking for it first. */
    private static final int ORDINARY_SHARED_BYTES = 48 * 1024;

    private final Device device;
    private final KernelModule module;
    private final CUfunction function;
    private final String name;
    private final int maxThreads;
    private final int registers;
    private final int sharedBytes;
    private final int localBytes;
    private int dynamicSharedBytes;

    Kernel(Device device, KernelModule module, CUfunction function, String name) {
        this.device = device;
        this.module = module;
        this.function = function;
        this.name = name;
        this.maxThreads = attribute(CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
        this.registers = attribute(CUfunction_attribute.CU_FUNC_ATTRIBUTE_NUM_REGS);
        this.sharedBytes = attribute(CUfunction_attribute.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES);
        this.localBytes = attribute(CUfunction_attribute.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
        this.dynamicSharedBytes = Math.max(0, ORDINARY_SHARED_BYTES - sharedBytes);
    }

    /** A launch to be described, then enqueued any number of times. */
    public Launch launch() {
        return new Launch(this, device.arguments());
    }

    public String name() {
        return name;
    }

    /** The largest block it can be launched with. */
    public int maxThreads() {
        return maxThreads;
    }

    /** Registers a thread uses. */
    public int registers() {
        return registers;
    }

    /** Bytes of static shared memory a block uses. */
    public int sharedBytes() {
        return sharedBytes;
    }

    /** Bytes of local memory a thread uses: above 0 when registers are spilled. */
    public int localBytes() {
        return localBytes;
    }

    /**
     * Blocks that run at once on one multiprocessor.
     *
     * @param dynamicShared bytes of dynamic shared memory a block
     */
    public int occupancy(int blockThreads, int dynamicShared) {
        module.requireOpen();
        allowDynamicShared(dynamicShared);
        int[] blocks = new int[1];
        Driver.check("asking the occupancy of", this, () -> JCudaDriver.cuOccupancyMaxActiveBlocksPerMultiprocessor(
                blocks, function, blockThreads, dynamicShared));
        return blocks[0];
    }

    /** Makes launches with so many bytes of dynamic shared memory possible. */
    synchronized void allowDynamicShared(int bytes) {
        int limit = device.sharedMemoryPerBlock() - sharedBytes;
        if (bytes < 0 || bytes > limit) {
            throw new IllegalArgumentException(this + " with " + bytes + " bytes of dynamic shared memory: " + device.name()
                    + " has from 0 to " + limit + " for a block");
        }
        if (bytes > dynamicSharedBytes) {
            Driver.check("asking for " + bytes + " bytes of shared memory for", this, () -> JCudaDriver.cuFuncSetAttribute(
                    function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes));
            dynamicSharedBytes = bytes;
        }
    }

    CUfunction function() {
        requireOpen();
        return function;
    }

    /** Its memory for arguments lives as long as the device, and the device closes the module first. */
    void requireOpen() {
        module.requireOpen();
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
