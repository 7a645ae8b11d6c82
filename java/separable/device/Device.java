package separable.device;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;

/**
 * A GPU and a context on it, which is shared with everything else in the process that uses it: JCuda code of the application's
 * own, cuDNN, the CUDA runtime. {@link #open} takes the primary context, {@link #current} whichever the application works in. Any
 * number of devices may be open on one context: they share the kernels' module, which the last one to close unloads.
 *
 * <p>Whatever asks the driver may throw {@link DeviceException}, and {@link IllegalStateException} after {@link #close}.
 *
 * <p>Owns what it makes. {@link #close} closes what is still open, the newest first, and logs a warning that names it.
 */
public final class Device implements AutoCloseable {

    private static final Logger LOG = System.getLogger(Device.class.getName());

    /** CUDA 11.4, the first driver with {@code cuGraphInstantiateWithFlags}, which JCuda instantiates graphs with. */
    private static final int LEAST_DRIVER_FOR_GRAPHS = 11040;

    private final SharedContext context;
    private final Device lender;
    private final CUdevice retained;
    private final Resources resources;
    private final ConcurrentMap<String, Kernel> kernels = new ConcurrentHashMap<>();
    private final AtomicLong liveBytes = new AtomicLong();
    private final AtomicLong peakBytes = new AtomicLong();
    private final AtomicLong allocations = new AtomicLong();
    private volatile boolean closed;
    private boolean pushed;
    private boolean left;
    private boolean released;

    /**
     * @param lender   whose closing closes this one too; null for none
     * @param retained whose primary context is given back at the end; null for a context of somebody else's
     */
    private Device(SharedContext context, Device lender, CUdevice retained) {
        this.context = context;
        this.lender = lender;
        this.resources = lender == null ? new Resources() : lender.resources;
        this.retained = retained;
    }

    /**
     * Opens the first device that CUDA lists, in its primary context, and makes it current on this thread.
     *
     * @throws DeviceException when there is no driver or no device, saying what to do
     */
    public static Device open() {
        initialiseDriver();
        CUdevice handle = new CUdevice();
        Driver.check("opening", "device 0", () -> JCudaDriver.cuDeviceGet(handle, 0));
        CUcontext primary = new CUcontext();
        String subject = "the primary context of device 0";
        Driver.check("retaining", subject, () -> JCudaDriver.cuDevicePrimaryCtxRetain(primary, handle));
        try {
            Driver.check("making current", subject, () -> JCudaDriver.cuCtxSetCurrent(primary));
            return new Device(SharedContext.acquire(primary), null, handle);
        } catch (RuntimeException failure) {
            throw Closing.after(failure, List.of(
                    () -> Driver.check("releasing", subject, () -> JCudaDriver.cuDevicePrimaryCtxRelease(handle))));
        }
    }

    /**
     * The device of the context that is current on the calling thread, whoever made it: JCuda's driver or runtime API, another
     * binding, another library. The context stays its maker's, who should destroy it only after this is closed.
     *
     * @throws IllegalStateException when no context is current
     */
    public static Device current() {
        initialiseDriver();
        CUcontext current = SharedContext.current();
        if (current == null) {
            throw new IllegalStateException("no CUDA context is current on this thread: make one current (cuCtxCreate, cuCtxSetCurrent, or"
                    + " any call of the CUDA runtime's), or open a device with Device.open()");
        }
        return new Device(SharedContext.acquire(current), null, null);
    }

    /**
     * The same device for one user of its own, such as one op. Closing it ends the launches made through it, and nothing else: what it
     * allocates belongs to this device. Closing this device ends it too.
     */
    public Device lend() {
        requireOpen();
        return new Device(context, this, null);
    }

    /** Whether both are open on one CUDA context. */
    public boolean sharesContextWith(Device other) {
        return context == other.context;
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

    /** Makes the device's context current on the calling thread. Every thread that uses it must do so once. */
    public void makeCurrent() {
        requireOpen();
        context.makeCurrent(this);
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
        allocated(0);
        return buffer;
    }

    /**
     * A kernel of Separable's own module, which is loaded into the context at the first call, once for all its users.
     *
     * @throws IllegalStateException when the device is closed, or not current on the calling thread
     */
    public Kernel kernel(String entry) {
        requireOpen();
        return kernels.computeIfAbsent(entry, name -> new Kernel(this, context.kernels(this).entry(name)));
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
        return context.properties().name();
    }

    /** 80 for compute capability 8.0. */
    public int computeCapability() {
        return context.properties().computeCapability();
    }

    public int multiprocessors() {
        return context.properties().multiprocessors();
    }

    /** The most blocks that one multiprocessor runs at once, whatever they need. */
    public int blocksPerMultiprocessor() {
        return context.properties().blocksPerMultiprocessor();
    }

    /** Bytes of memory on the device. */
    public long totalMemory() {
        return context.properties().totalMemory();
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
        return context.properties().driverVersion();
    }

    /**
     * Whether {@link Stream#capture} works here. Every GPU can launch graphs; it takes a driver for CUDA 11.4 or newer, the
     * first that knows the call by which a captured graph is instantiated.
     */
    public boolean supportsGraphs() {
        return driverVersion() >= LEAST_DRIVER_FOR_GRAPHS;
    }

    /** The most shared memory, static and dynamic, a block can have, in bytes. */
    public int sharedMemoryPerBlock() {
        return context.properties().sharedMemoryPerBlock();
    }

    /** Bytes of the second-level cache, which all multiprocessors share. */
    public int cacheBytes() {
        return context.properties().cacheBytes();
    }

    /** Bytes of device memory allocated here and not yet freed. */
    public long liveBytes() {
        return lender == null ? liveBytes.get() : lender.liveBytes();
    }

    /** The most that {@link #liveBytes} was since the device was opened, or since {@link #restartPeak}. */
    public long peakBytes() {
        return lender == null ? peakBytes.get() : lender.peakBytes();
    }

    /** Lets {@link #peakBytes} begin anew at what is allocated now. */
    public void restartPeak() {
        if (lender == null) {
            peakBytes.set(liveBytes.get());
        } else {
            lender.restartPeak();
        }
    }

    /** Allocations of device and pinned memory ever made here. */
    public long allocations() {
        return lender == null ? allocations.get() : lender.allocations();
    }

    /** What is open at this moment, the oldest first: each prints itself with its name and size. */
    public List<Resource> openResources() {
        return resources.snapshot();
    }

    SharedContext context() {
        return context;
    }

    /** False once it, or the device that lent it, was closed. */
    boolean isOpen() {
        return !closed && (lender == null || lender.isOpen());
    }

    void allocated(long bytes) {
        if (lender != null) {
            lender.allocated(bytes);
            return;
        }
        peakBytes.accumulateAndGet(liveBytes.addAndGet(bytes), Math::max);
        allocations.incrementAndGet();
    }

    void freed(long bytes) {
        if (lender != null) {
            lender.freed(bytes);
            return;
        }
        liveBytes.addAndGet(-bytes);
    }

    /**
     * Closes everything still open, with a warning that names it, and leaves the thread's current context as it was. When the
     * context's owner has destroyed it before, there is nothing left to close: then this logs a warning that says so, and no more.
     *
     * @throws DeviceException when the driver does not take something back, with the other failures attached; all the rest is
     *                         closed. Another close tries again.
     */
    @Override
    public synchronized void close() {
        if (lender != null) {
            closed = true;
            return;
        }
        if (released && resources.snapshot().isEmpty()) {
            return;
        }
        List<Resource> leaks = resources.snapshot().stream().filter(Resource::isOpen).toList();
        if (!leaks.isEmpty()) {
            LOG.log(Level.WARNING, "{0} was closed with {1} resources still open: {2}", this, leaks.size(), leaks);
        }
        if (!context.exists()) {
            if (!released) {
                LOG.log(Level.WARNING, "{0} was closed after its context had been destroyed, and with the context all that was in it:"
                        + " close what works in a context before the context", this);
            }
            forget();
            return;
        }
        if (!pushed) {
            context.push(this);
            pushed = true;
        }
        closed = true;
        Closing.all(List.<AutoCloseable>of(this::giveBack, this::pop, this::leave, resources::closeAll));
    }

    private void pop() {
        context.pop();
        pushed = false;
    }

    private void leave() {
        if (!left) {
            context.release();
            left = true;
        }
    }

    private void giveBack() {
        if (pushed || released) {
            // Given back before, or still current on this thread, which must have its own context back first.
            return;
        }
        if (retained == null) {
            released = left && resources.snapshot().isEmpty();
            return;
        }
        Driver.check("releasing the primary context of", this, () -> JCudaDriver.cuDevicePrimaryCtxRelease(retained));
        released = true;
    }

    private void forget() {
        closed = true;
        released = true;
        resources.forgetAll();
        context.abandon();
    }

    private void requireOpen() {
        if (!isOpen()) {
            throw new IllegalStateException(this + " was used after it was closed");
        }
    }

    @Override
    public String toString() {
        return "device '" + name() + "'";
    }
}
