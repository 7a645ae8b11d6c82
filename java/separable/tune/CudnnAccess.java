package separable.tune;

import java.util.Optional;
import separable.cudnn.Cudnn;
import separable.cudnn.CudnnException;
import separable.device.Device;

/** The way to cuDNN of one who chooses among candidates: asks whether it works here once, and keeps the handle until the end. */
final class CudnnAccess implements AutoCloseable {

    private final Device device;
    private Optional<SharedHandle> handle;

    CudnnAccess(Device device) {
        this.device = device;
    }

    Device device() {
        return device;
    }

    /** The handle, this one's to close; empty when cuDNN is not there or cannot work on this device, which only making one tells. */
    Optional<SharedHandle> handle() {
        if (handle == null) {
            handle = Cudnn.find().isAvailable() ? tryToAcquire() : Optional.empty();
        }
        return handle;
    }

    private Optional<SharedHandle> tryToAcquire() {
        try {
            return Optional.of(SharedHandle.acquire(device));
        } catch (CudnnException refusal) {
            System.getLogger(CudnnAccess.class.getName()).log(System.Logger.Level.WARNING,
                    "kernels are chosen without cuDNN, which cannot work on {0}: {1}", device, refusal.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        if (handle != null) {
            handle.ifPresent(SharedHandle::close);
        }
    }
}
