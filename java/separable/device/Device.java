package separable.device;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.JCudaDriver;

/**
 * A GPU and its primary context, which is shared with everything else in the process that uses the GPU: JCuda code of the
 * application's own, cuDNN, the CUDA runtime.
 *
 * <p>Owns what it makes. {@link #close} closes what is still open, the newest first, and logs a warning that names it.
 */
public final class Device implements AutoCloseable {

    private static final Logger LOG = System.getLogger(Device.class.getName());

    /** CUDA 11.4, the first driver with {@code cuGraphInstantiateWithFlags}, which JCuda instantiates graphs with. */
    private static final int LEAST_DRIVER_FOR_GRAPHS = 11040;

    private final CUdevice handle;
    private final CUcontext context = new CUcontext();
    private final String name;
    private final long totalMemory;
    private final int driverVersion;
    private final int computeCapability;
    private final int multiprocessors;
    private final int sharedMemoryPerBlock;
    private final int cacheBytes;
    private final Resources resources = new Resources();
    private final Resources ownModule = new Resources();
    private final ArgumentPool arguments = new ArgumentPool();
    private final AtomicLong liveBytes = new AtomicLong();
    private final AtomicLong allocations = new AtomicLong();
    private KernelModule kernels;
    private boolean closed;
    private boolean released;

    private Device(CUdevice handle) {
        this.handle = handle;
        this.name = name(handle);
        this.totalMemory = totalMemory(handle);
        this.driverVersion = installedDriverVersion();
        this.computeCapability = 10 * attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
                + attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
        this.multiprocessors = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
        this.sharedMemoryPerBlock = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
        this.cacheBytes = attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
        Driver.check("retaining the primary context of", this, () -> JCudaDriver.cuDevicePrimaryCtxRetain(context, handle));
        try {
            makeCurrent();
        } catch (DeviceException failure) {
            throw Closing.after(failure, List.of(this::releaseContext));
        }
    }

    /**
     * Opens the first device that CUDA lists and makes it current on this thread.
     *
     * @throws DeviceException when there is no driver or no device, saying what to do
     */
    public static Device open() {
        initialiseDriver();
        CUdevice handle = new CUdevice();
        Driver.check("opening", "device 0", () -> JCudaDriver.cuDeviceGet(handle, 0));
        return new Device(handle);
    }

    private static void initialiseDriver() {
        try {
            Driver.check("initialising", "the CUDA driver", () -> JCudaDriver.cuInit(0));
        } catch (LinkageError e) {
            throw new DeviceException(0, "loading the CUDA driver: libcuda.so.1 cannot be loaded"
                    + " (LD_LIBRARY_PATH=" + System.getenv().getOrDefault("LD_LIBRARY_PATH", "") + "): install the NVIDIA driver,"
                    + " or use the emulated device with SEPARABLE_DEVICE=emulated ./separable ...; if there is a driver, delete libJCudaDriver* from "
                    + System.getProperty("java.io.tmpdir") + " and try again", e);
        }
    }

    /** Makes the device current on the calling thread. Every thread that uses it must do so once. */
    public void makeCurrent() {
        requireOpen();
        Driver.check("making current", this, () -> JCudaDriver.cuCtxSetCurrent(context));
    }

    /** A new stream that does not wait for the legacy default stream. */
    public Stream newStream() {
        requireOpen();
        return new Stream(resources);
    }

    /** A new event that takes times. */
    public Event newEvent() {
        requireOpen();
        return new Event(resources);
    }

    /**
     * Allocates device memory; its content is undefined.
     *
     * @param name for errors and leak reports
     * @throws DeviceException when there is not enough, with the name, the bytes asked for and the bytes free
     */
    public DeviceBuffer allocate(long bytes, String name) {
        requireOpen();
        return new DeviceBuffer(this, resources, bytes, name);
    }

    /** Allocates page-locked host memory for asynchronous copies; its content is undefined. */
    public PinnedBuffer allocatePinned(long bytes, String name) {
        requireOpen();
        PinnedBuffer buffer = new PinnedBuffer(resources, bytes, name);
        allocations.incrementAndGet();
        return buffer;
    }

    /** A kernel of Separable's own module, which is loaded at the first call. */
    public Kernel kernel(String entry) {
        return ownKernels().kernel(entry);
    }

    private synchronized KernelModule ownKernels() {
        requireOpen();
        if (kernels == null) {
            kernels = KernelModule.own(this, ownModule);
        }
        return kernels;
    }

    /**
     * Loads a module of the application's own.
     *
     * @param image a cubin, a fatbin, or PTX with a terminating zero
     * @param name for errors and leak reports
     */
    public KernelModule load(byte[] image, String name) {
        requireOpen();
        return new KernelModule(this, resources, image, name);
    }

    /** Waits until all work of all streams is done. */
    public void synchronize() {
        requireOpen();
        Driver.check("waiting for", this, JCudaDriver::cuCtxSynchronize);
    }

    /** The device's name as the driver gives it. */
    public String name() {
        return name;
    }

    /** 80 for compute capability 8.0. */
    public int computeCapability() {
        return computeCapability;
    }

    public int multiprocessors() {
        return multiprocessors;
    }

    /** Bytes of memory on the device. */
    public long totalMemory() {
        return totalMemory;
    }

    /** Bytes of memory that nobody uses at this moment. */
    public long freeMemory() {
        requireOpen();
        long[] free = new long[1];
        Driver.check("asking the free memory of", this, () -> JCudaDriver.cuMemGetInfo(free, new long[1]));
        return free[0];
    }

    /** The CUDA version the driver supports: 12040 for 12.4. */
    public int driverVersion() {
        return driverVersion;
    }

    /**
     * Whether {@link Stream#capture} works here. Every GPU can launch graphs; it takes a driver for CUDA 11.4 or newer, the
     * first that knows the call by which a captured graph is instantiated.
     */
    public boolean supportsGraphs() {
        return driverVersion >= LEAST_DRIVER_FOR_GRAPHS;
    }

    /** The most shared memory, static and dynamic, a block can have, in bytes. */
    public int sharedMemoryPerBlock() {
        return sharedMemoryPerBlock;
    }

    /** Bytes of the second-level cache, which all multiprocessors share. */
    public int cacheBytes() {
        return cacheBytes;
    }

    /** Bytes of device memory allocated here and not yet freed. */
    public long liveBytes() {
        return liveBytes.get();
    }

    /** Allocations of device and pinned memory ever made here. */
    public long allocations() {
        return allocations.get();
    }

    /** What is open at this moment, the oldest first: each prints itself with its name and size. */
    public List<Resource> openResources() {
        return resources.snapshot();
    }

    ArgumentPool arguments() {
        requireOpen();
        return arguments;
    }

    void allocated(long bytes) {
        liveBytes.addAndGet(bytes);
        allocations.incrementAndGet();
    }

    void freed(long bytes) {
        liveBytes.addAndGet(-bytes);
    }

    /**
     * Closes everything still open, with a warning that names it, and gives the primary context back.
     *
     * @throws DeviceException when the driver does not take something back, with the other failures attached; all the rest is
     *                         closed. The context takes with it what could not be freed; when it was the context itself,
     *                         another close tries again.
     */
    @Override
    public synchronized void close() {
        if (released) {
            return;
        }
        List<Resource> leaks = resources.snapshot().stream().filter(resource -> !resource.isClosed()).toList();
        if (!leaks.isEmpty()) {
            LOG.log(Level.WARNING, "{0} was closed with {1} resources still open: {2}", this, leaks.size(), leaks);
        }
        Driver.check("making current", this, () -> JCudaDriver.cuCtxSetCurrent(context));
        closed = true;
        Closing.all(List.<AutoCloseable>of(this::releaseContext, arguments::close, ownModule::closeAll, resources::closeAll));
    }

    private void releaseContext() {
        Driver.check("releasing the primary context of", this, () -> JCudaDriver.cuDevicePrimaryCtxRelease(handle));
        released = true;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException(this + " was used after it was closed");
        }
    }

    private int attribute(int attribute) {
        int[] value = new int[1];
        Driver.check("reading the attributes of", this, () -> JCudaDriver.cuDeviceGetAttribute(value, attribute, handle));
        return value[0];
    }

    private static String name(CUdevice handle) {
        byte[] text = new byte[256];
        Driver.check("reading the name of", "device 0", () -> JCudaDriver.cuDeviceGetName(text, text.length, handle));
        int length = 0;
        while (length < text.length && text[length] != 0) {
            length++;
        }
        return new String(text, 0, length, StandardCharsets.UTF_8);
    }

    private static long totalMemory(CUdevice handle) {
        long[] bytes = new long[1];
        Driver.check("asking the memory of", "device 0", () -> JCudaDriver.cuDeviceTotalMem(bytes, handle));
        return bytes[0];
    }

    private static int installedDriverVersion() {
        int[] version = new int[1];
        Driver.check("asking the version of", "the CUDA driver", () -> JCudaDriver.cuDriverGetVersion(version));
        return version[0];
    }

    @Override
    public String toString() {
        return "device '" + name + "'";
    }
}
