package separable.tune;

import java.util.Optional;
import separable.cudnn.Cudnn;
import separable.cudnn.CudnnHandle;
import separable.device.Device;

/**
 * One cuDNN handle for all candidates of one owner, and so of one thread: made at the first use, closed with the last. Making one takes
 * long and memory.
 */
final class SharedHandle {

    private final Device device;
    private CudnnHandle handle;
    private int users;
    private Optional<String> refusal;

    SharedHandle(Device device) {
        this.device = device;
    }

    Device device() {
        return device;
    }

    /** Whether cuDNN is there and can work on this device. */
    boolean isUsable() {
        Cudnn cudnn = Cudnn.find();
        if (refusal == null) {
            refusal = cudnn.isAvailable() ? CudnnHandle.refusal(cudnn, device) : Optional.of(cudnn.reason());
        }
        return refusal.isEmpty();
    }

    /** To be followed by a {@link #release}. */
    CudnnHandle acquire() {
        if (handle == null) {
            handle = new CudnnHandle(Cudnn.find(), device);
        }
        users++;
        return handle;
    }

    void release() {
        if (--users == 0) {
            CudnnHandle last = handle;
            handle = null;
            last.close();
        }
    }
}
