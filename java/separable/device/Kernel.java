package separable.device;

import jcuda.driver.JCudaDriver;

/** One entry point of a {@link KernelModule}, for one user of the device. */
public final class Kernel {

    private final Device device;
    private final KernelEntry entry;

    Kernel(Device device, KernelEntry entry) {
        this.device = device;
        this.entry = entry;
    }

    /** A launch to be described, then enqueued any number of times. The device must be current on this thread. */
    public Launch launch() {
        return new Launch(device, entry);
    }

    public String name() {
        return entry.name();
    }

    /** The largest block it can be launched with. */
    public int maxThreads() {
        return entry.maxThreads();
    }

    /** Registers a thread uses. */
    public int registers() {
        return entry.registers();
    }

    /** Bytes of static shared memory a block uses. */
    public int sharedBytes() {
        return entry.sharedBytes();
    }

    /** Bytes of local memory a thread uses: above 0 when registers are spilled. */
    public int localBytes() {
        return entry.localBytes();
    }

    /**
     * Blocks that run at once on one multiprocessor.
     *
     * @param dynamicShared bytes of dynamic shared memory a block
     */
    public int occupancy(int blockThreads, int dynamicShared) {
        entry.allowDynamicShared(dynamicShared, device);
        int[] blocks = new int[1];
        Driver.check("asking the occupancy of", this, () -> JCudaDriver.cuOccupancyMaxActiveBlocksPerMultiprocessor(
                blocks, entry.function(), blockThreads, dynamicShared));
        return blocks[0];
    }

    /** Blocks that run at once on the whole device, as {@link #occupancy} says: one more waits for another to end. */
    public int residents(int blockThreads, int dynamicShared) {
        return device.multiprocessors() * occupancy(blockThreads, dynamicShared);
    }

    @Override
    public String toString() {
        return entry.toString();
    }
}
