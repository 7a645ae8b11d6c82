package separable.device;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * What everybody who uses one CUDA context shares: the kernels' module and the memory for arguments. Counted: the first user makes
 * it, the last one takes it down, and nothing is left in the context.
 */
final class SharedContext {

    /** CUDA 12.0, the first driver that numbers contexts. */
    private static final int LEAST_DRIVER_FOR_IDS = 12000;

    /** A handle alone is not enough: the driver may give a new context the handle of one that was destroyed. */
    private record Key(CUcontext handle, long id) {
    }

    private static final Map<Key, SharedContext> OPEN = new HashMap<>();

    private final Key key;
    private final DeviceProperties properties;
    private final ArgumentPool arguments = new ArgumentPool();
    private final MemoryProbe probe = new MemoryProbe(arguments);
    private final Resources module = new Resources();
    private KernelModule kernels;
    private int users;

    private SharedContext(Key key) {
        this.key = key;
        CUdevice device = new CUdevice();
        Driver.check("asking the device of", "the current context", () -> JCudaDriver.cuCtxGetDevice(device));
        this.properties = DeviceProperties.of(device);
    }

    /** The calling thread's current context; null when there is none. */
    static CUcontext current() {
        CUcontext current = new CUcontext();
        Driver.check("asking for", "the current context", () -> JCudaDriver.cuCtxGetCurrent(current));
        return Handles.of(current) == 0 ? null : current;
    }

    /** Adds a user to a context that is current on the calling thread. */
    static SharedContext acquire(CUcontext handle) {
        long[] id = new long[1];
        if (numbersContexts()) {
            Driver.check("asking the number of", "the current context", () -> JCudaDriver.cuCtxGetId(handle, id));
        }
        synchronized (OPEN) {
            SharedContext shared = OPEN.computeIfAbsent(new Key(handle, id[0]), SharedContext::new);
            shared.users++;
            return shared;
        }
    }

    /**
     * Removes a user; after the last one the module is unloaded and the memory freed, with the context current. What the driver did
     * not take back it is asked for again when this is called again.
     */
    void release() {
        synchronized (OPEN) {
            if (users > 0) {
                users--;
            }
            if (users > 0) {
                return;
            }
            OPEN.remove(key, this);
        }
        Closing.all(List.<AutoCloseable>of(arguments::close, module::closeAll));
    }

    /** What is left to forget when the owner has destroyed the context, and with it all that was in there. */
    void abandon() {
        synchronized (OPEN) {
            OPEN.remove(key, this);
        }
        module.forgetAll();
        arguments.forget();
    }

    DeviceProperties properties() {
        return properties;
    }

    ArgumentPool arguments() {
        return arguments;
    }

    MemoryProbe probe() {
        return probe;
    }

    synchronized KernelModule kernels(Device device) {
        requireCurrent(device);
        if (kernels == null) {
            kernels = KernelModule.own(device, module);
        }
        return kernels;
    }

    /** Whether it exists, its owner has destroyed it, or the driver does not say: a context lost to a failed kernel exists. */
    boolean exists() {
        try {
            return answersToItsNumber();
        } catch (DeviceException e) {
            return true;
        }
    }

    private boolean answersToItsNumber() {
        if (properties.driverVersion() < LEAST_DRIVER_FOR_IDS) {
            return true;
        }
        long[] id = new long[1];
        int result = Driver.result(() -> JCudaDriver.cuCtxGetId(key.handle, id));
        return switch (result) {
            case CUresult.CUDA_SUCCESS -> id[0] == key.id;
            case CUresult.CUDA_ERROR_INVALID_CONTEXT, CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED, CUresult.CUDA_ERROR_INVALID_VALUE -> false;
            default -> throw Driver.failure(result, "asking the number of", "the current context");
        };
    }

    /**
     * @throws IllegalStateException naming {@code user} unless the context is current on the calling thread
     * @throws DeviceException when the driver cannot say, because an earlier launch failed
     */
    void requireCurrent(Object user) {
        CUcontext current = current();
        if (!key.handle.equals(current)) {
            throw new IllegalStateException(user + " belongs to a context that is not current on this thread: make it current"
                    + " (cuCtxSetCurrent, or Device.makeCurrent) before the call");
        }
        if (!answersToItsNumber()) {
            throw new IllegalStateException(user + " belongs to a context that has been destroyed: make a new one in the new context");
        }
    }

    boolean is(long context) {
        return Handles.of(key.handle) == context;
    }

    void makeCurrent(Object user) {
        Driver.check("making current", user, () -> JCudaDriver.cuCtxSetCurrent(key.handle));
    }

    /** Makes it current until {@link #pop}, which leaves the thread's own current context as it was. */
    void push(Object user) {
        Driver.check("making current", user, () -> JCudaDriver.cuCtxPushCurrent(key.handle));
    }

    void pop() {
        Driver.check("giving back", "the thread's own context", () -> JCudaDriver.cuCtxPopCurrent(new CUcontext()));
    }

    private static boolean numbersContexts() {
        int[] version = new int[1];
        Driver.check("asking the version of", "the CUDA driver", () -> JCudaDriver.cuDriverGetVersion(version));
        return version[0] >= LEAST_DRIVER_FOR_IDS;
    }
}
