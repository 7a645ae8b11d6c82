package separable.device;

/**
 * Stretches of the calling thread's work under a name, on the timeline of a profiler such as Nsight Systems (NVTX), which also shows the
 * device's work that was enqueued in it. Ranges of a thread nest. Until {@link #enable} has found the library that makes them, they are
 * nothing and cost nothing.
 */
public final class Range {

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
            NativeLibrary.link();
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

    private static native boolean load();

    private static native void push(String name);

    private static native void pop();
}
