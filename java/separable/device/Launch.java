package separable.device;

import java.lang.ref.Reference;
import jcuda.CudaException;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * A launch of a kernel, described once and enqueued any number of times with other pointers. The arguments lie packed in
 * native memory; an enqueue rewrites the pointers among them, makes one driver call and allocates nothing.
 *
 * <p>Arguments are appended in the order of the kernel's parameters: {@link #i32}, {@link #f32} and {@link #i64} with their
 * value, {@link #pointer} as a place that {@code enqueue} fills from left to right. Not safe for use by several threads.
 */
public final class Launch {

    private static final int GRID_LIMIT_YZ = 65535;

    private final Kernel kernel;
    private final ArgumentPool.Block arguments;
    private final int[] pointerSlots = new int[ArgumentPool.SLOTS];
    private int slots;
    private int pointers;
    private int gridX = 1;
    private int gridY = 1;
    private int gridZ = 1;
    private int blockThreads = 1;
    private int sharedBytes;
    private String description = "";
    private boolean fixed;

    Launch(Kernel kernel, ArgumentPool pool) {
        this.kernel = kernel;
        this.arguments = pool.take(this);
    }

    /** Blocks along x (below 2^31), y and z (below 2^16). */
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
        kernel.allowDynamicShared(bytes);
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

    /** Appends a pointer that {@code enqueue} will give. */
    public Launch pointer() {
        int slot = nextSlot();
        pointerSlots[pointers++] = slot;
        return this;
    }

    /** Enqueues with the pointers in the order of their places; null is a null pointer to the kernel. */
    public void enqueue(Stream stream, CUdeviceptr... given) {
        enqueue(stream.handle(), given);
    }

    /** Enqueues to a stream that may be the application's own. With up to ten pointers nothing is allocated. */
    public void enqueue(CUstream stream, CUdeviceptr... given) {
        for (int i = 0; i < Math.min(given.length, pointers); i++) {
            bind(i, given[i]);
        }
        submit(stream, given.length);
    }

    // The same with fixed numbers of pointers, so that a call needs no array.

    public void enqueue(CUstream stream) {
        submit(stream, 0);
    }

    public void enqueue(CUstream stream, CUdeviceptr a) {
        bind(0, a).submit(stream, 1);
    }

    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b) {
        bind(0, a).bind(1, b).submit(stream, 2);
    }

    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c) {
        bind(0, a).bind(1, b).bind(2, c).submit(stream, 3);
    }

    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d) {
        bind(0, a).bind(1, b).bind(2, c).bind(3, d).submit(stream, 4);
    }

    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d, CUdeviceptr e) {
        bind(0, a).bind(1, b).bind(2, c).bind(3, d).bind(4, e).submit(stream, 5);
    }

    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d, CUdeviceptr e,
            CUdeviceptr f) {
        bind(0, a).bind(1, b).bind(2, c).bind(3, d).bind(4, e).bind(5, f).submit(stream, 6);
    }

    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d, CUdeviceptr e,
            CUdeviceptr f, CUdeviceptr g) {
        bind(0, a).bind(1, b).bind(2, c).bind(3, d).bind(4, e).bind(5, f).bind(6, g).submit(stream, 7);
    }

    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d, CUdeviceptr e,
            CUdeviceptr f, CUdeviceptr g, CUdeviceptr h) {
        bind(0, a).bind(1, b).bind(2, c).bind(3, d).bind(4, e)
                .bind(5, f).bind(6, g).bind(7, h).submit(stream, 8);
    }

    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d, CUdeviceptr e,
            CUdeviceptr f, CUdeviceptr g, CUdeviceptr h, CUdeviceptr i) {
        bind(0, a).bind(1, b).bind(2, c).bind(3, d).bind(4, e)
                .bind(5, f).bind(6, g).bind(7, h).bind(8, i).submit(stream, 9);
    }

    public void enqueue(CUstream stream, CUdeviceptr a, CUdeviceptr b, CUdeviceptr c, CUdeviceptr d, CUdeviceptr e,
            CUdeviceptr f, CUdeviceptr g, CUdeviceptr h, CUdeviceptr i, CUdeviceptr j) {
        bind(0, a).bind(1, b).bind(2, c).bind(3, d).bind(4, e)
                .bind(5, f).bind(6, g).bind(7, h).bind(8, i).bind(9, j).submit(stream, 10);
    }

    private Launch bind(int index, CUdeviceptr pointer) {
        kernel.requireOpen();
        // One too many is reported by submit.
        if (index < pointers) {
            arguments.put(pointerSlots[index], Address.valueOf(pointer));
        }
        return this;
    }

    private void submit(CUstream stream, int given) {
        if (given != pointers) {
            throw new IllegalArgumentException(this + ": it takes " + pointers + " pointers, and " + given + " were given");
        }
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

    private int nextSlot() {
        requireDescribable();
        kernel.requireOpen();
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
