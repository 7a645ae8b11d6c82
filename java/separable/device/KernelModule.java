package separable.device;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.IntFunction;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** Compiled kernels loaded onto the device. Made by {@link Device#load}; closing it makes its kernels unusable. */
public final class KernelModule extends Resource {

    private final Device device;
    private final CUmodule handle = new CUmodule();
    private final String name;
    private final IntFunction<String> advice;
    private final ConcurrentMap<String, KernelEntry> entries = new ConcurrentHashMap<>();

    KernelModule(Device device, Resources owner, byte[] image, String name) {
        this(device, owner, image, name, Advice::forResult);
    }

    private KernelModule(Device device, Resources owner, byte[] image, String name, IntFunction<String> advice) {
        super(owner);
        this.device = device;
        this.name = name;
        this.advice = advice;
        int result = Driver.result(() -> JCudaDriver.cuModuleLoadData(handle, image));
        if (result != CUresult.CUDA_SUCCESS) {
            throw Driver.failure(result, "loading", this, advice.apply(result));
        }
        opened();
    }

    /** Loads Separable's own kernels, from the class path; when the driver refuses them, says how they were built. */
    static KernelModule own(Device device, Resources owner) {
        BuildInfo build = BuildInfo.read();
        return new KernelModule(device, owner, BuildInfo.fatbin(), "separable",
                result -> build.advice(result, device.computeCapability(), device.driverVersion()));
    }

    /**
     * The kernel with this entry point.
     *
     * @throws DeviceException naming kernel and module when it is not in here
     */
    public Kernel kernel(String entry) {
        return new Kernel(device, entry(entry));
    }

    KernelEntry entry(String name) {
        requireOpen();
        return entries.computeIfAbsent(name, this::find);
    }

    private KernelEntry find(String entry) {
        CUfunction function = new CUfunction();
        int result = Driver.result(() -> JCudaDriver.cuModuleGetFunction(function, handle, entry));
        if (result == CUresult.CUDA_ERROR_NOT_FOUND) {
            throw Driver.failure(result, "looking up kernel " + entry + " in", this,
                    "no such kernel was compiled into it: see whether the name is right and the build is fresh");
        }
        if (result != CUresult.CUDA_SUCCESS) {
            // A driver that loads lazily refuses a module only now.
            throw Driver.failure(result, "looking up kernel " + entry + " in", this, advice.apply(result));
        }
        return new KernelEntry(this, function, entry);
    }

    public String name() {
        return name;
    }

    @Override
    void release() {
        Driver.check("unloading", this, () -> JCudaDriver.cuModuleUnload(handle));
    }

    @Override
    public String toString() {
        return "module '" + name + "'";
    }
}
