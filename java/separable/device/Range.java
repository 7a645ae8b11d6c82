package separable.device;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Stretches of the calling thread's work under a name, on the timeline of a profiler such as Nsight Systems (NVTX), which also shows the
 * device's work that was enqueued in it. Ranges of a thread nest. Until {@link #enable} has found the library that makes them, they are
 * nothing and cost nothing.
 */
public final class Range {

    private static final String LIBRARY = "libseparable_nvtx.so";

    private static volatile boolean enabled;

    private Range() { }

    /**
     * Looks for the library, {@code libnvToolsExt.so.1} or {@code libnvtx3interop.so.1} of the CUDA toolkit, and begins to make ranges.
     * To be called between ranges.
     *
     * @return false when there is none; ranges stay nothing
     * @throws DeviceException when this build is not whole, or its part for this cannot be unpacked
     */
    public static synchronized boolean enable() {
        if (!enabled) {
            link();
            enabled = load();
        }
        return enabled;
    }

    public static boolean isEnabled() {
        return enabled;
    }

    /** Begins a range; {@link #end} belongs in a {@code finally} after it. */
    public static void begin(String name) {
        if (enabled) {
            push(name);
        }
    }

    /** Ends the range that began last on this thread. */
    public static void end() {
        if (enabled) {
            pop();
        }
    }

    /** The dynamic linker takes files alone: the library is unpacked for the moment of its loading. */
    private static void link() {
        try (InputStream packed = BuildInfo.resource(LIBRARY)) {
            Path file = Files.createTempFile("separable-", LIBRARY);
            try {
                Files.copy(packed, file, StandardCopyOption.REPLACE_EXISTING);
                System.load(file.toString());
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new DeviceException(0, "unpacking " + LIBRARY + " to " + System.getProperty("java.io.tmpdir") + ": " + e.getMessage()
                    + ": make room there, or name another folder with -Djava.io.tmpdir", e);
        }
    }

    private static native boolean load();

    private static native void push(String name);

    private static native void pop();
}
