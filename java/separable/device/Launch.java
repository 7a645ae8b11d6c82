package separable.device;

import java.lang.ref.Reference;
import java.util.List;
import jcuda.CudaException;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * A launch of a kernel, described once and enqueued any number of times. The arguments lie packed in native memory; an enqueue
 * with other pointers rewrites those, makes one driver call and allocates nothing.
 *
 * <p>Arguments are appended in the order of the kernel's parameters: {@link #i32}, {@link #f32} and {@link #i64} with their
 * value; {@link #input}, {@link #output} and {@link #scratch} as places that {@code enqueue} fills from left to right.
 *
 * <p>Before anything is launched {@code enqueue} refuses pointers that are null, misaligned, freed, too short, in host memory or in
 * another context, outputs that overlap another argument, streams of another context, and closed owners, naming the argument.
 * The driver is asked only about addresses and the stream that differ from the previous call's: memory freed, or a stream
 * destroyed, between two calls with the same ones goes unseen. The questions are legal while the stream captures.
 *
 * <p>A launch that the driver refuses is a {@link DeviceException} that names kernel, problem and grid.
 *
 * <p>Not safe for use by several threads. The device's context must be current on the calling thread.
 */
public final class Launch {

    /** Blocks that a grid may have along y, and along z. */
    public static final int GRID_LIMIT_YZ = 65535;

    /** What kernels that move whole vectors need, in bytes. */
    private static final int VECTOR_ALIGNMENT = 16;

    private final Device device;
    private final KernelEntry kernel;
    private final ArgumentPool.Block arguments;
    private final Operands operands = new Operands();
    private int slots;
    private boolean folds;
    private int given;
    private int gridX = 1;
    private int gridY = 1;
    private int gridZ = 1;
    private int blockThreads = 1;
    private int sharedBytes;
    private String description = "";
    private boolean fixed;

    Launch(Device device, KernelEntry kernel) {
        this.device = device;
        this.kernel = kernel;
        device.context().requireCurrent(device);
        this.arguments = device.context().arguments().take(this);
    }

    /**
     * Blocks along x (below 2^31), y and z (up to {@link #GRID_LIMIT_YZ}).
     *
     * @throws IllegalArgumentException for more, or less than one
     */
    public Launch grid(int x, int y, int z) {
        requireDescribable();
        gridX = x;
        gridY = y;
        gridZ = z;
        if (x < 1 || y < 1 || z < 1 || y > GRID_LIMIT_YZ || z > GRID_LIMIT_YZ) {
            throw new IllegalArgumentException(this + ": the grid may have from 1 to 2147483647 blocks along x, from 1 to "
                    + GRID_LIMIT_YZ + " along y and z");
        }
        return this;
    }

    /** Threads a block. */
    public Launch block(int threads) {
        requireDescribable();
        blockThreads = threads;
        if (threads < 1 || threads > kernel.maxThreads()) {
            throw new IllegalArgumentException(this + ": this kernel can have from 1 to " + kernel.maxThreads() + " threads a block");
        }
        return this;
    }

    /** Bytes of dynamic shared memory a block. */
    public Launch sharedBytes(int bytes) {
        requireDescribable();
        kernel.allowDynamicShared(bytes, device);
        sharedBytes = bytes;
        return this;
    }

    /** What the launch computes, for errors: {@code "depthwise 64x28x28x8 k3 s1"}. */
    public Launch describe(String problem) {
        requireDescribable();
        description = problem;
        return this;
    }

    /** Appends an {@code int}. */
    public Launch i32(int value) {
        arguments.put(nextSlot(), value);
        return this;
    }

    /** Appends a {@code float}. */
    public Launch f32(float value) {
        arguments.put(nextSlot(), value);
        return this;
    }

    /** Appends a {@code long long} or {@code size_t}. */
    public Launch i64(long value) {
        arguments.put(nextSlot(), value);
        return this;
    }

    /** Appends a pointer to {@code bytes} that the kernel reads, aligned to 16 bytes; 0 bytes: not used, may be null. */
    public Launch input(String name, long bytes) {
        return input(name, bytes, VECTOR_ALIGNMENT);
    }

    /** As {@link #input(String, long)} for a kernel that needs less than whole vectors. @param align in bytes */
    public Launch input(String name, long bytes, int align) {
        return operand(new Operand(name, nextSlot(), bytes, align, false, List.of()));
    }

    /**
     * Appends a pointer to {@code bytes} that the kernel writes, or reads and writes, aligned to 16 bytes.
     *
     * @param mayBe names of arguments that may be the very same address: the kernel works in place
     */
    public Launch output(String name, long bytes, String... mayBe) {
        return output(name, bytes, VECTOR_ALIGNMENT, mayBe);
    }

    /** As {@link #output(String, long, String...)} for a kernel that needs less than whole vectors. @param align in bytes */
    public Launch output(String name, long bytes, int align, String... mayBe) {
        return operand(new Operand(name, nextSlot(), bytes, align, true, List.of(mayBe)));
    }

    /** Appends a pointer to {@code bytes} whose content means nothing after the launch; 0 bytes: not used, may be null. */
    public Launch scratch(String name, long bytes) {
        return output(name, bytes);
    }

    /**
     * Appends what a reduction folds with: "workspace", of any content, and "tickets", ints that are 0 before the first use and left
     * 0. They are given as two pointers, or with {@link #enqueueClearing} as one workspace of {@link #foldBytes}. Where both are 0 the
     * kernel has no such parameters, and what is given is ignored.
     */
    public Launch fold(long partialBytes, int tickets) {
        folds = true;
        if (partialBytes == 0 && tickets == 0) {
            return operand(Operand.ignored("workspace")).operand(Operand.ignored("tickets"));
        }
        return scratch("workspace", partialBytes).output("tickets", (long) tickets * Integer.BYTES, Integer.BYTES);
    }

    /** Bytes of a workspace that holds the partial results and, after them, the tickets. */
    public static long foldBytes(long partialBytes, int tickets) {
        return tickets == 0 ? partialBytes : Operands.ticketOffset(partialBytes) + (long) tickets * Integer.BYTES;
    }

    /** Appends a place for a pointer that this kernel has no parameter for and its relatives have: what is given is ignored, null best. */
    public Launch unused(String name) {
        return operand(Operand.ignored(name));
    }

    /** Appends a pointer that nobody looks at, for an application's own kernel. */
    public Launch pointer() {
        return operand(Operand.unchecked(nextSlot()));
    }

    private Launch operand(Operand operand) {
        operands.add(operand);
        return this;
    }

    /**
     * Enqueues with the pointers in the order of their places; null is a null pointer to the kernel.
     *
     * @throws IllegalArgumentException naming the argument that is refused, or when there are too many or too few
     * @throws IllegalStateException when the device or the kernel is closed, or the context not current
     * @throws DeviceException when the driver refuses the launch
     */
    public void enqueue(Stream stream, CUdeviceptr... given) {
        enqueue(stream.handle(), given);
    }

    /** As {@link #enqueue(Stream, CUdeviceptr...)}, to a stream that may be the application's own. With up to ten pointers nothing is allocated. */
    public void enqueue(CUstream stream, CUdeviceptr... given) {
        for (int i = 0; i < given.length; i++) {
            bind(i, given[i]);
        }
        submit(stream, given.length);
    }

    // The same with fixed numbers of pointers, so that a call needs no array.

    /** Enqueues a kernel without pointers. */
    public void enqueue(CUstream stream) {
        submit(stream, 0);
    }

    /** Enqueues with one pointer, in the order of their places. */
    public void enqueue(CUstream stream, CUdeviceptr a) {
        bind(0, a).submit(stream, 1);
    }

    /** Enqueues with two pointers, in the order of their places. */
    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b) {
        bind(0, a).bind(1, b).submit(stream, 2);
    }

    /** Enqueues with three pointers, in the order of their places. */
    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c) {
        bind(0, a).bind(1, b).bind(2, c).submit(stream, 3);
    }

    /** Enqueues with four pointers, in the order of their places. */
    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d) {
        bind(0, a).bind(1, b).bind(2, c).bind(3, d).submit(stream, 4);
    }

    /** Enqueues with five pointers, in the order of their places. */
    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d, CUdeviceptr e) {
        bind(0, a).bind(1, b).bind(2, c).bind(3, d).bind(4, e).submit(stream, 5);
    }

    /** Enqueues with six pointers, in the order of their places. */
    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d, CUdeviceptr e,
            CUdeviceptr f) {
        bind(0, a).bind(1, b).bind(2, c).bind(3, d).bind(4, e).bind(5, f).submit(stream, 6);
    }

    /** Enqueues with seven pointers, in the order of their places. */
    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d, CUdeviceptr e,
            CUdeviceptr f, CUdeviceptr g) {
        bind(0, a).bind(1, b).bind(2, c).bind(3, d).bind(4, e).bind(5, f).bind(6, g).submit(stream, 7);
    }

    /** Enqueues with eight pointers, in the order of their places. */
    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d, CUdeviceptr e,
            CUdeviceptr f, CUdeviceptr g, CUdeviceptr h) {
        bind(0, a).bind(1, b).bind(2, c).bind(3, d).bind(4, e)
                .bind(5, f).bind(6, g).bind(7, h).submit(stream, 8);
    }

    /** Enqueues with nine pointers, in the order of their places. */
    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d, CUdeviceptr e,
            CUdeviceptr f, CUdeviceptr g, CUdeviceptr h, CUdeviceptr i) {
        bind(0, a).bind(1, b).bind(2, c).bind(3, d).bind(4, e)
                .bind(5, f).bind(6, g).bind(7, h).bind(8, i).submit(stream, 9);
    }

    /** Enqueues with ten pointers, in the order of their places. */
    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d, CUdeviceptr e,
            CUdeviceptr f, CUdeviceptr g, CUdeviceptr h, CUdeviceptr i, CUdeviceptr j) {
        bind(0, a).bind(1, b).bind(2, c).bind(3, d).bind(4, e)
                .bind(5, f).bind(6, g).bind(7, h).bind(8, i).bind(9, j).submit(stream, 10);
    }

    /** Gives the pointer of the next place, for more than ten: {@code launch.give(a).give(b) .. .enqueueGiven(stream)} needs no array either. */
    public Launch give(CUdeviceptr pointer) {
        return bind(given++, pointer);
    }

    /** Enqueues with the pointers that {@link #give} was given since the last time. */
    public void enqueueGiven(CUstream stream) {
        int count = given;
        given = 0;
        submit(stream, count);
    }

    /**
     * As {@code enqueue} with a workspace of {@link #foldBytes} and any content: sets the tickets in it to 0 in the stream first.
     * For a launch whose last arguments are {@link #fold}'s, after three others.
     */
    public void enqueueClearing(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr workspace) {
        if (!folds || operands.count() != 5) {
            throw new IllegalStateException(this + ": it does not end in a workspace and tickets after three pointers");
        }
        bind(0, a).bind(1, b).bind(2, c).bind(3, workspace);
        operands.joinTickets();
        accept(stream, true);
        if (operands.ticketBytes() > 0) {
            clearTickets(stream);
        }
        launch(stream);
    }

    private Launch bind(int index, CUdeviceptr pointer) {
        operands.give(index, pointer);
        return this;
    }

    private void submit(CUstream stream, int given) {
        if (given != operands.count()) {
            throw new IllegalArgumentException(this + ": it takes " + operands.count() + " pointers, and " + given + " were given");
        }
        accept(stream, false);
        launch(stream);
    }

    private void accept(CUstream stream, boolean joined) {
        requireOpen();
        if (stream == null) {
            throw new IllegalArgumentException(this + ": argument stream is null: pass `new CUstream()` for the default stream");
        }
        if (operands.accept(this, device.context(), stream, joined)) {
            operands.write(arguments);
        }
    }

    private void clearTickets(CUstream stream) {
        int result;
        try {
            result = JCudaDriver.cuMemsetD8Async(operands.ticketsInWorkspace(), (byte) 0, operands.ticketBytes(), stream);
        } catch (CudaException e) {
            result = Driver.code(e);
        }
        if (result != CUresult.CUDA_SUCCESS) {
            throw Driver.failure(result, "clearing the tickets of", this);
        }
    }

    private void launch(CUstream stream) {
        fixed = true;
        int result;
        try {
            result = JCudaDriver.cuLaunchKernel(kernel.function(), gridX, gridY, gridZ, blockThreads, 1, 1, sharedBytes, stream,
                    arguments.parameters(), null);
        } catch (CudaException e) {
            result = Driver.code(e);
        } finally {
            // The driver reads the arguments during the call: the pool must not have them back before.
            Reference.reachabilityFence(this);
        }
        if (result != CUresult.CUDA_SUCCESS) {
            throw Driver.failure(result, "launching", this);
        }
    }

    private void requireOpen() {
        if (!device.isOpen() || !kernel.isOpen()) {
            throw new IllegalStateException(this + " was used after it, or the device it is for, was closed");
        }
    }

    private int nextSlot() {
        requireDescribable();
        requireOpen();
        if (slots == ArgumentPool.SLOTS) {
            throw new IllegalArgumentException(this + ": at most " + ArgumentPool.SLOTS + " arguments are possible");
        }
        return slots++;
    }

    private void requireDescribable() {
        if (fixed) {
            throw new IllegalStateException(this + " was enqueued already and cannot be changed: describe a new launch");
        }
    }

    @Override
    public String toString() {
        return kernel + (description.isEmpty() ? "" : " (" + description + ")") + " on a grid of " + gridX + "x" + gridY + "x" + gridZ
                + " blocks of " + blockThreads + " threads";
    }
}
