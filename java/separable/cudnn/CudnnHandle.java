package separable.cudnn;

import java.util.Optional;
import java.util.function.ToIntFunction;
import jcuda.CudaException;
import jcuda.driver.CUstream;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnHandle;
import jcuda.runtime.cudaStream_t;
import separable.device.Device;

/**
 * A cuDNN handle: belongs to the context that was current when it was made, and is to be used with that one current. Any number of
 * {@link CudnnConv}s on any streams and threads may share one: it is turned to the stream of each enqueue, and calls take turns. Who
 * enqueues to several streams at once saves the switching with a handle for each. Close it after what was made with it and before the
 * device.
 */
public final class CudnnHandle implements AutoCloseable {

    private final Device device;
    private final cudnnHandle handle = new cudnnHandle();
    private CUstream stream;
    private boolean closed;

    /**
     * @param device whose context is current on this thread
     * @throws IllegalStateException when cuDNN is not available, with the reason and what to do
     * @throws CudnnException when cuDNN cannot work on this device
     */
    public CudnnHandle(Cudnn cudnn, Device device) {
        cudnn.requireAvailable();
        this.device = device;
        Status.check("making", this, () -> JCudnn.cudnnCreate(handle));
    }

    /**
     * Why cuDNN, though available, cannot work on a device: found out once, by making a handle. Empty when it can.
     *
     * @throws IllegalStateException when cuDNN is not available
     */
    public static Optional<String> refusal(Cudnn cudnn, Device device) {
        try {
            new CudnnHandle(cudnn, device).close();
            return Optional.empty();
        } catch (CudnnException e) {
            return Optional.of(e.getMessage());
        }
    }

    Device device() {
        return device;
    }

    cudnnHandle handle() {
        requireOpen();
        return handle;
    }

    /** Makes a call that no other thread's comes between: a handle can do one thing at a time. */
    synchronized int call(ToIntFunction<cudnnHandle> work) {
        return work.applyAsInt(handle());
    }

    /** Makes {@code target} the stream of what follows; nothing is done when it is already. The caller holds this handle's lock. */
    void bind(CUstream target) {
        requireOpen();
        if (target.equals(stream)) {
            return;
        }
        stream = null;
        cudaStream_t copy = new cudaStream_t(target);
        int status;
        try {
            status = JCudnn.cudnnSetStream(handle, copy);
        } catch (CudaException e) {
            status = Status.code(e);
        }
        if (status != Status.SUCCESS) {
            throw Status.failure(status, "setting the stream of", this);
        }
        // A copy: the caller's object may hold another stream by the next call.
        stream = new CUstream(copy);
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException(this + " was used after it was closed");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            Status.check("closing", this, () -> JCudnn.cudnnDestroy(handle));
        }
    }

    @Override
    public String toString() {
        return "cuDNN handle on " + device;
    }
}
