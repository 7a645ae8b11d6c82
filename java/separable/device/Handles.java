package separable.device;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import jcuda.NativePointerObject;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;

/**
 * JCuda's pointer and stream types for addresses that another binding made: LWJGL, JavaCPP, the foreign-function API, a native
 * library. The memory and the stream stay whose they were.
 *
 * <p>JCuda keeps the numbers behind its types to itself; they are read and set through its fields, which costs no allocation.
 */
public final class Handles {

    private static final VarHandle NATIVE;
    private static final VarHandle OFFSET;
    private static final MethodHandle NEW_STREAM;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            NATIVE = MethodHandles.privateLookupIn(NativePointerObject.class, lookup)
                    .findVarHandle(NativePointerObject.class, "nativePointer", long.class);
            OFFSET = MethodHandles.privateLookupIn(Pointer.class, lookup).findVarHandle(Pointer.class, "byteOffset", long.class);
            NEW_STREAM = MethodHandles.privateLookupIn(CUstream.class, lookup)
                    .findConstructor(CUstream.class, MethodType.methodType(void.class, long.class));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private Handles() {
    }

    /** A device address as JCuda's type: of a {@code long}, a {@code MemorySegment.address()}, a {@code void*} in native code. */
    public static CUdeviceptr pointer(long address) {
        return new CUdeviceptr().withByteOffset(address);
    }

    /** A {@code CUstream} or {@code cudaStream_t}, which are the same in CUDA, as JCuda's type; 0 is the default stream. */
    public static CUstream stream(long handle) {
        try {
            return (CUstream) NEW_STREAM.invokeExact(handle);
        } catch (Throwable e) {
            throw new IllegalStateException("JCuda's CUstream cannot be made from a number", e);
        }
    }

    /** The number behind a device address, for a table of addresses that a kernel reads. */
    public static long address(CUdeviceptr pointer) {
        return of(pointer);
    }

    /** The number a kernel gets; 0 for null. */
    static long of(Pointer pointer) {
        return pointer == null ? 0 : (long) NATIVE.get((NativePointerObject) pointer) + (long) OFFSET.get(pointer);
    }

    /** The number behind a handle that is no pointer. */
    static long of(NativePointerObject handle) {
        return (long) NATIVE.get(handle);
    }
}
