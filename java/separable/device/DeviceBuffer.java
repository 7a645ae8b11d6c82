package separable.device;

import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * Device memory with a name. Made by {@link Device#allocate}; its first byte is aligned to 256 bytes.
 *
 * <p>The {@code write} and {@code read} methods are synchronous: they wait for everything enqueued on the device, on
 * whatever stream, copy, and return when the copy is done. Offsets are in bytes, counts in elements. Whatever copies or fills may
 * throw {@link DeviceException}, {@link IndexOutOfBoundsException} for a range that is not inside, and
 * {@link IllegalStateException} after {@link #close}.
 */
public final class DeviceBuffer extends Resource {

    /** Names a copy, should it fail: training enqueues copies by the thousand, and text costs memory. */
    private record Copy(Resource source, Resource target) {
        @Override
        public String toString() {
            return source + " to " + target;
        }
    }

    private final Device device;
    private final String name;
    private final long bytes;
    private final CUdeviceptr address = new CUdeviceptr();

    DeviceBuffer(Device device, Resources owner, long bytes, String name) {
        super(owner);
        if (bytes < 1) {
            throw new IllegalArgumentException("buffer '" + name + "' of " + bytes + " bytes: at least 1 is needed");
        }
        this.device = device;
        this.name = name;
        this.bytes = bytes;
        int result = Driver.result(() -> JCudaDriver.cuMemAlloc(address, bytes));
        if (result == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw Driver.failure(result, "allocating", this, () -> device.freeMemory() + " of " + device.totalMemory()
                    + " bytes are free: " + Advice.forResult(result));
        }
        if (result != CUresult.CUDA_SUCCESS) {
            throw Driver.failure(result, "allocating", this);
        }
        device.allocated(bytes);
        opened();
    }

    /**
     * The address of the first byte, to hand to kernels; valid until {@link #close}.
     *
     * @throws IllegalStateException after {@link #close}
     */
    public CUdeviceptr pointer() {
        requireOpen();
        return address;
    }

    /** The address {@code byteOffset} bytes in, which must lie inside. */
    public CUdeviceptr at(long byteOffset) {
        requireRange(byteOffset, 0);
        return address.withByteOffset(byteOffset);
    }

    /** Its size in bytes. */
    public long bytes() {
        return bytes;
    }

    /** What it was allocated as, for errors and reports of leaks. */
    public String name() {
        return name;
    }

    /** As {@link #write(long, byte[])}, to the start. */
    public void write(byte[] values) {
        write(0, values);
    }

    /** As {@link #write(long, short[])}, to the start. */
    public void write(short[] values) {
        write(0, values);
    }

    /** As {@link #write(long, int[])}, to the start. */
    public void write(int[] values) {
        write(0, values);
    }

    /** As {@link #write(long, float[])}, to the start. */
    public void write(float[] values) {
        write(0, values);
    }

    /**
     * Copies {@code values} to the bytes from {@code byteOffset} on, synchronously: after everything that the device was given before.
     *
     * @throws IndexOutOfBoundsException when they do not lie inside
     * @throws IllegalStateException after close
     */
    public void write(long byteOffset, byte[] values) {
        write(byteOffset, Pointer.to(values), values.length);
    }

    /**
     * Copies {@code values} to the bytes from {@code byteOffset} on, synchronously: after everything that the device was given before.
     *
     * @throws IndexOutOfBoundsException when they do not lie inside
     * @throws IllegalStateException after close
     */
    public void write(long byteOffset, short[] values) {
        write(byteOffset, Pointer.to(values), (long) values.length * Short.BYTES);
    }

    /**
     * Copies {@code values} to the bytes from {@code byteOffset} on, synchronously: after everything that the device was given before.
     *
     * @throws IndexOutOfBoundsException when they do not lie inside
     * @throws IllegalStateException after close
     */
    public void write(long byteOffset, int[] values) {
        write(byteOffset, Pointer.to(values), (long) values.length * Integer.BYTES);
    }

    /**
     * Copies {@code values} to the bytes from {@code byteOffset} on, synchronously: after everything that the device was given before.
     *
     * @throws IndexOutOfBoundsException when they do not lie inside
     * @throws IllegalStateException after close
     */
    public void write(long byteOffset, float[] values) {
        write(byteOffset, Pointer.to(values), (long) values.length * Float.BYTES);
    }

    /**
     * {@code count} bytes from {@code byteOffset} on, read synchronously: after everything that the device was given before.
     *
     * @throws IndexOutOfBoundsException when they do not lie inside
     * @throws IllegalStateException after close
     */
    public byte[] readBytes(long byteOffset, int count) {
        byte[] values = new byte[count];
        read(byteOffset, Pointer.to(values), count);
        return values;
    }

    /**
     * {@code count} shorts from {@code byteOffset} on, read synchronously: after everything that the device was given before.
     *
     * @throws IndexOutOfBoundsException when they do not lie inside
     * @throws IllegalStateException after close
     */
    public short[] readShorts(long byteOffset, int count) {
        short[] values = new short[count];
        read(byteOffset, Pointer.to(values), (long) count * Short.BYTES);
        return values;
    }

    /**
     * {@code count} ints from {@code byteOffset} on, read synchronously: after everything that the device was given before.
     *
     * @throws IndexOutOfBoundsException when they do not lie inside
     * @throws IllegalStateException after close
     */
    public int[] readInts(long byteOffset, int count) {
        int[] values = new int[count];
        read(byteOffset, Pointer.to(values), (long) count * Integer.BYTES);
        return values;
    }

    /**
     * {@code count} floats from {@code byteOffset} on, read synchronously: after everything that the device was given before.
     *
     * @throws IndexOutOfBoundsException when they do not lie inside
     * @throws IllegalStateException after close
     */
    public float[] readFloats(long byteOffset, int count) {
        float[] values = new float[count];
        read(byteOffset, Pointer.to(values), (long) count * Float.BYTES);
        return values;
    }

    /** Enqueues a copy of the first {@code count} bytes of {@code source} to the start of this buffer. */
    public void writeAsync(PinnedBuffer source, long count, Stream stream) {
        writeAsync(0, source, 0, count, stream);
    }

    /** Enqueues a copy of {@code count} bytes from {@code source}; it must not change until the copy is done. */
    public void writeAsync(long byteOffset, PinnedBuffer source, long sourceOffset, long count, Stream stream) {
        requireRange(byteOffset, count);
        requireRange(source, sourceOffset, count);
        Driver.check("copying from", new Copy(source, this), () -> JCudaDriver.cuMemcpyHtoDAsync(
                address.withByteOffset(byteOffset), source.pointer().withByteOffset(sourceOffset), count, stream.handle()));
    }

    /** Enqueues a copy of the first {@code count} bytes of this buffer to the start of {@code target}. */
    public void readAsync(PinnedBuffer target, long count, Stream stream) {
        readAsync(0, target, 0, count, stream);
    }

    /** Enqueues a copy of {@code count} bytes to {@code target}, to be looked at when the stream has got there. */
    public void readAsync(long byteOffset, PinnedBuffer target, long targetOffset, long count, Stream stream) {
        requireRange(byteOffset, count);
        requireRange(target, targetOffset, count);
        Driver.check("copying from", new Copy(this, target), () -> JCudaDriver.cuMemcpyDtoHAsync(
                target.pointer().withByteOffset(targetOffset), address.withByteOffset(byteOffset), count, stream.handle()));
    }

    /** Enqueues a copy of {@code count} bytes from another buffer of the device. */
    public void copyAsync(long byteOffset, DeviceBuffer source, long sourceOffset, long count, Stream stream) {
        requireRange(byteOffset, count);
        source.requireRange(sourceOffset, count);
        Driver.check("copying from", new Copy(source, this), () -> JCudaDriver.cuMemcpyDtoDAsync(
                address.withByteOffset(byteOffset), source.address.withByteOffset(sourceOffset), count, stream.handle()));
    }

    /** Enqueues setting every byte to 0. */
    public void zero(Stream stream) {
        fill(0, bytes, (byte) 0, stream);
    }

    /** Enqueues setting {@code count} bytes to {@code value}. */
    public void fill(long byteOffset, long count, byte value, Stream stream) {
        requireRange(byteOffset, count);
        Driver.check("filling", this, () -> JCudaDriver.cuMemsetD8Async(address.withByteOffset(byteOffset), value, count, stream.handle()));
    }

    /** Sets every byte to 0, synchronously. */
    public void zero() {
        fill((byte) 0);
    }

    /** Sets every byte to {@code value}, synchronously. */
    public void fill(byte value) {
        requireOpen();
        device.synchronize();
        Driver.check("filling", this, () -> JCudaDriver.cuMemsetD8(address, value, bytes));
        device.synchronize();
    }

    private void write(long byteOffset, Pointer source, long count) {
        requireRange(byteOffset, count);
        device.synchronize();
        Driver.check("copying to", this, () -> JCudaDriver.cuMemcpyHtoD(address.withByteOffset(byteOffset), source, count));
        // From pageable memory the driver may return while its last piece is still on the way.
        device.synchronize();
    }

    private void read(long byteOffset, Pointer target, long count) {
        requireRange(byteOffset, count);
        device.synchronize();
        Driver.check("copying from", this, () -> JCudaDriver.cuMemcpyDtoH(target, address.withByteOffset(byteOffset), count));
    }

    private void requireRange(long byteOffset, long count) {
        requireOpen();
        requireInside(this, bytes, byteOffset, count);
    }

    private static void requireRange(PinnedBuffer buffer, long byteOffset, long count) {
        buffer.requireOpen();
        requireInside(buffer, buffer.size(), byteOffset, count);
    }

    private static void requireInside(Resource buffer, long size, long byteOffset, long count) {
        if (byteOffset < 0 || count < 0 || byteOffset > size - count) {
            throw new IndexOutOfBoundsException("bytes " + byteOffset + " to " + (byteOffset + count) + " of " + buffer
                    + ": not inside");
        }
    }

    @Override
    void release() {
        Driver.check("freeing", this, () -> JCudaDriver.cuMemFree(address));
        device.freed(bytes);
    }

    @Override
    public String toString() {
        return "buffer '" + name + "' (" + bytes + " bytes)";
    }
}
