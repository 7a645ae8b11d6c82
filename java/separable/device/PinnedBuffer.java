package separable.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;

/**
 * Host memory that the device reads and writes by itself: asynchronous copies start and end here. Made by
 * {@link Device#allocatePinned}.
 */
public final class PinnedBuffer extends Resource {

    private final String name;
    private final Pointer address = new Pointer();
    private final ByteBuffer bytes;

    PinnedBuffer(Resources owner, long bytes, String name) {
        super(owner);
        if (bytes < 1 || bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("pinned buffer '" + name + "' of " + bytes + " bytes: from 1 to "
                    + Integer.MAX_VALUE + " are possible");
        }
        this.name = name;
        Driver.check("allocating", "pinned buffer '" + name + "' (" + bytes + " bytes)",
                () -> JCudaDriver.cuMemHostAlloc(address, bytes, 0));
        this.bytes = address.getByteBuffer(0, bytes).order(ByteOrder.nativeOrder());
        opened();
    }

    /**
     * A view of the whole memory in the machine's byte order, position 0. The view must not outlive this buffer, and not be touched
     * while a copy from or to it is under way.
     *
     * @throws IllegalStateException after {@link #close}
     */
    public ByteBuffer bytes() {
        requireOpen();
        return bytes.duplicate().order(ByteOrder.nativeOrder());
    }

    /** Its size in bytes. */
    public long size() {
        return bytes.capacity();
    }

    public String name() {
        return name;
    }

    Pointer pointer() {
        requireOpen();
        return address;
    }

    /** The address of the first byte. */
    long address() {
        requireOpen();
        return Handles.of(address);
    }

    @Override
    void release() {
        Driver.check("freeing", this, () -> JCudaDriver.cuMemFreeHost(address));
    }

    @Override
    public String toString() {
        return "pinned buffer '" + name + "' (" + bytes.capacity() + " bytes)";
    }
}
