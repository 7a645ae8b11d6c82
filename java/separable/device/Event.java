package separable.device;

import java.util.function.IntSupplier;
import jcuda.driver.CUevent;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * A point in a stream's work, with the time it was reached. Made by {@link Device#newEvent}; {@link Stream#record} places it. Every
 * method may throw {@link DeviceException}.
 */
public final class Event extends Resource {

    private final CUevent handle = new CUevent();
    private final IntSupplier query = () -> JCudaDriver.cuEventQuery(handle);

    Event(Resources owner) {
        super(owner);
        Driver.check("creating", this, () -> JCudaDriver.cuEventCreate(handle, 0));
        opened();
    }

    CUevent handle() {
        requireOpen();
        return handle;
    }

    /** Whether the work before it is done, asked without allocating anything; true for an event never recorded. */
    public boolean isDone() {
        requireOpen();
        int result = Driver.result(query);
        if (result != CUresult.CUDA_SUCCESS && result != CUresult.CUDA_ERROR_NOT_READY) {
            throw Driver.failure(result, "asking", this);
        }
        return result == CUresult.CUDA_SUCCESS;
    }

    /** Waits until the work before it is done. */
    public void synchronize() {
        requireOpen();
        Driver.check("waiting for", this, () -> JCudaDriver.cuEventSynchronize(handle));
    }

    /** Milliseconds on the device from {@code earlier} to this event; both must be done. */
    public float millisecondsSince(Event earlier) {
        requireOpen();
        float[] milliseconds = new float[1];
        Driver.check("taking the time between two of", this,
                () -> JCudaDriver.cuEventElapsedTime(milliseconds, earlier.handle(), handle));
        return milliseconds[0];
    }

    @Override
    void release() {
        Driver.check("closing", this, () -> JCudaDriver.cuEventDestroy(handle));
    }

    @Override
    public String toString() {
        return "event";
    }
}
