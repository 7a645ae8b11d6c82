package separable.tune;

import java.util.ArrayList;
import java.util.List;
import separable.cudnn.Cudnn;
import separable.cudnn.CudnnHandle;
import separable.device.Closing;
import separable.device.Device;

/**
 * One user's hold of the cuDNN handle that all candidates of a CUDA context share, on any stream and any thread. Making a handle takes
 * long and device memory: the first user makes it, and closing the last closes it.
 */
final class SharedHandle implements AutoCloseable {

    /** A handle, the share of the context that keeps it usable whichever user leaves first, and how many hold it. */
    private static final class Shared {
        final Device device;
        final CudnnHandle handle;
        int users;

        Shared(Device device, CudnnHandle handle) {
            this.device = device;
            this.handle = handle;
        }
    }

    /** Guards itself and the counts in it. */
    private static final List<Shared> OPEN = new ArrayList<>();

    private final Shared shared;
    private boolean closed;

    private SharedHandle(Shared shared) {
        this.shared = shared;
    }

    /**
     * @param device whose context is current on this thread
     * @throws IllegalStateException when cuDNN is not available
     * @throws separable.cudnn.CudnnException when cuDNN cannot work on this device
     */
    static SharedHandle acquire(Device device) {
        synchronized (OPEN) {
            Shared shared = OPEN.stream().filter(open -> open.device.sharesContextWith(device)).findFirst().orElse(null);
            if (shared == null) {
                shared = make();
                OPEN.add(shared);
            }
            shared.users++;
            return new SharedHandle(shared);
        }
    }

    private static Shared make() {
        Device device = Device.current();
        try {
            return new Shared(device, new CudnnHandle(Cudnn.find(), device));
        } catch (RuntimeException failure) {
            throw Closing.after(failure, List.of(device));
        }
    }

    CudnnHandle handle() {
        return shared.handle;
    }

    @Override
    public void close() {
        synchronized (OPEN) {
            if (closed) {
                return;
            }
            closed = true;
            if (--shared.users == 0) {
                OPEN.remove(shared);
                Closing.all(List.of(shared.device, shared.handle));
            }
        }
    }
}
