package separable.device;

import java.util.List;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;

/**
 * The checks of {@link Launch} for work that another library enqueues: cuDNN sees neither how much lies behind an address nor what
 * overlaps. Pointers are described once, in the order in which {@link #accept} takes them. Not safe for use by several threads.
 */
public final class ArgumentChecks {

    /** What our own kernels need, and tensor cores, in bytes. */
    private static final int ALIGNMENT = 16;

    private final Device device;
    private final Object user;
    private final Operands operands = new Operands();

    /** @param user begins every refusal with its {@code toString} */
    public ArgumentChecks(Device device, Object user) {
        this.device = device;
        this.user = user;
    }

    /** Appends a pointer to {@code bytes} that are read, aligned to 16 bytes. */
    public ArgumentChecks input(String name, long bytes) {
        return add(name, bytes, false);
    }

    /** Appends a pointer to {@code bytes} that are written, aligned to 16 bytes; 0 bytes: not used, may be null. */
    public ArgumentChecks output(String name, long bytes) {
        return add(name, bytes, true);
    }

    private ArgumentChecks add(String name, long bytes, boolean written) {
        operands.add(new Operand(name, operands.count(), bytes, ALIGNMENT, written, List.of()));
        return this;
    }

    /**
     * Accepts four pointers and a stream. The driver is asked only about what differs from the previous call.
     *
     * @return whether anything differs
     * @throws IllegalArgumentException naming the argument that is null, misaligned, freed, too short, in host memory or in another
     *         context, or overlaps another
     * @throws IllegalStateException when the device is closed, or its context is not current
     */
    public boolean accept(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d) {
        if (!device.isOpen()) {
            throw new IllegalStateException(user + " was used after " + device + " was closed");
        }
        if (stream == null) {
            throw new IllegalArgumentException(user + ": argument stream is null: pass `new CUstream()` for the default stream");
        }
        operands.give(0, a);
        operands.give(1, b);
        operands.give(2, c);
        operands.give(3, d);
        return operands.accept(user, device.context(), stream, false);
    }
}
