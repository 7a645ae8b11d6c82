package separable.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import jcuda.JCudaVersion;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import separable.cudnn.Cudnn;
import separable.cudnn.CudnnHandle;
import separable.device.BuildInfo;
import separable.device.Device;
import separable.device.DeviceException;

/**
 * {@code separable doctor}: what was found, and what is wrong with it. Looks at one thing after the other and goes on
 * after a failure, so that one look shows everything. The exit status is 1 when training cannot work.
 */
@Command(name = "doctor", description = "Say what device, driver, libraries and kernels were found, and what is wrong with them.")
final class DoctorCommand implements Callable<Integer> {

    /** The oldest compute capability and driver (as CUDA version) that the kernels are written for. */
    private static final int LEAST_CAPABILITY = 75;
    private static final int LEAST_DRIVER = 12000;
    private static final long LEAST_FREE_BYTES = 512L << 20;

    /** Any kernel will do to see whether the module loads on this device. */
    private static final String PROBE_KERNEL = "step_advance";

    @Spec
    private CommandSpec spec;

    private final List<String> problems = new ArrayList<>();
    private PrintWriter out;

    @Override
    public Integer call() {
        out = spec.commandLine().getOut();
        java();
        build();
        device();
        libraries();
        environment();
        if (problems.isEmpty()) {
            out.println("everything needed for training works");
            return 0;
        }
        problems.forEach(problem -> out.println("PROBLEM: " + problem));
        return Main.FAILED;
    }

    private void row(String what, Object value) {
        out.println(String.format(Locale.ROOT, "%-22s %s", what, value));
    }

    private void java() {
        row("Java", System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + "), heap up to "
                + mebibytes(Runtime.getRuntime().maxMemory()));
        String platform = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        row("platform", platform);
        if (!platform.equals("Linux amd64")) {
            problems.add("platform " + platform + ": the native parts are built for Linux amd64 alone: use such a machine, or WSL 2 on Windows");
        }
    }

    private void build() {
        try {
            BuildInfo info = BuildInfo.read();
            row("Separable", info.version());
            row("kernels", info.hasGpuCode()
                    ? info.describeCode() + "; built with " + info.compiler()
                    : "no GPU code: they were built without nvcc, as ./separable does where there is no GPU; only a device that brings the kernels itself can run them");
        } catch (DeviceException e) {
            row("kernels", "not found");
            problems.add(e.getMessage());
        }
    }

    private void device() {
        try (Device device = Device.open()) {
            row("device", device.name());
            row("  compute capability", capability(device.computeCapability()));
            row("  multiprocessors", device.multiprocessors());
            row("  memory", mebibytes(device.totalMemory()) + ", " + mebibytes(device.freeMemory()) + " free");
            row("  driver", "for CUDA " + cuda(device.driverVersion()));
            checkLimits(device);
            kernels(device);
            cudnn(device);
        } catch (DeviceException e) {
            row("device", "not usable");
            problems.add(e.getMessage());
        }
    }

    /** The load itself decides whether kernels, driver and device fit: only the driver knows, and its refusal explains itself. */
    private void kernels(Device device) {
        try {
            device.kernel(PROBE_KERNEL);
            row("  kernels", "load");
        } catch (DeviceException e) {
            row("  kernels", "do not load");
            problems.add(e.getMessage());
        }
    }

    /** cuDNN is optional: nothing about it is a problem. */
    private void cudnn(Device device) {
        Cudnn cudnn = Cudnn.find();
        if (cudnn.isAvailable()) {
            row("  cuDNN", CudnnHandle.refusal(cudnn, device).map(reason -> "does not work here: " + reason).orElse("works"));
        }
    }

    private void checkLimits(Device device) {
        if (device.computeCapability() < LEAST_CAPABILITY) {
            problems.add("compute capability " + capability(device.computeCapability()) + " is below " + capability(LEAST_CAPABILITY)
                    + ": use a GPU of the Turing generation or newer, or the emulated device with SEPARABLE_DEVICE=emulated");
        }
        if (device.driverVersion() < LEAST_DRIVER) {
            problems.add("the driver is for CUDA " + cuda(device.driverVersion()) + ", at least " + cuda(LEAST_DRIVER)
                    + " is needed: install a newer NVIDIA driver");
        }
        if (device.freeMemory() < LEAST_FREE_BYTES) {
            problems.add("only " + mebibytes(device.freeMemory()) + " of device memory are free: end other programs that use the device (nvidia-smi lists them)");
        }
    }

    private void libraries() {
        row("libcuda", Library.path("libcuda.so").orElse("not loaded"));
        row("JCuda", JCudaVersion.get() + ", " + Library.path("libJCudaDriver").orElse("native part not loaded"));
        row("cuDNN", cudnn(Cudnn.find()));
    }

    private static String cudnn(Cudnn cudnn) {
        return cudnn.isAvailable() ? cudnn.version() + ", " + cudnn.path().orElseThrow() : "none, and none is needed: " + cudnn.reason();
    }

    private void environment() {
        for (String name : List.of("CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "SEPARABLE_DEVICE", "CUDA_LAUNCH_BLOCKING", "CUDA_FORCE_PTX_JIT")) {
            String value = System.getenv(name);
            row(name, value == null ? "not set" : value.isEmpty() ? "empty" : value);
        }
    }

    private static String capability(int value) {
        return value / 10 + "." + value % 10;
    }

    private static String cuda(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }

    private static String mebibytes(long bytes) {
        return (bytes >> 20) + " MiB";
    }
}
