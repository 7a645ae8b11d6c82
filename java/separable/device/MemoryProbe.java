package separable.device;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUpointer_attribute;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** Asks the driver what lies at an address. Legal while streams capture. */
final class MemoryProbe {

    private static final int[] ATTRIBUTES = {
        CUpointer_attribute.CU_POINTER_ATTRIBUTE_CONTEXT, CUpointer_attribute.CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
        CUpointer_attribute.CU_POINTER_ATTRIBUTE_IS_MANAGED, CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
        CUpointer_attribute.CU_POINTER_ATTRIBUTE_RANGE_START_ADDR, CUpointer_attribute.CU_POINTER_ATTRIBUTE_RANGE_SIZE,
    };

    /** What an address is in. */
    enum Kind { DEVICE, HOST, NONE }

    /**
     * @param context 0 where memory belongs to a device rather than to one of its contexts, as that of memory pools does
     * @param start   of the allocation
     * @param bytes   of the allocation
     */
    record Memory(Kind kind, long context, int device, long start, long bytes) {

        static final Memory NONE = new Memory(Kind.NONE, 0, -1, 0, 0);

        /** Bytes of the allocation from {@code address} on. */
        long bytesFrom(long address) {
            return address < start ? 0 : Math.max(0, start + bytes - address);
        }
    }

    private final ArgumentPool pool;
    private ArgumentPool.Block answers;

    /** @param pool whose blocks have the form of the driver's list of answers: values, and pointers to each */
    MemoryProbe(ArgumentPool pool) {
        this.pool = pool;
    }

    synchronized Memory at(long address) {
        if (answers == null) {
            answers = pool.take(this);
        }
        for (int i = 0; i < ATTRIBUTES.length; i++) {
            answers.put(i, 0L);
        }
        CUdeviceptr pointer = Handles.pointer(address);
        int result = Driver.result(() -> JCudaDriver.cuPointerGetAttributes(ATTRIBUTES.length, ATTRIBUTES, answers.parameters(), pointer));
        if (result == CUresult.CUDA_ERROR_INVALID_VALUE || result == CUresult.CUDA_ERROR_INVALID_CONTEXT) {
            return Memory.NONE;
        }
        if (result != CUresult.CUDA_SUCCESS) {
            throw Driver.failure(result, "asking what lies at", "address 0x" + Long.toHexString(address));
        }
        boolean managed = (answers.getInt(2) & 0xff) != 0;
        int type = answers.getInt(1);
        Kind kind = managed || type == CUmemorytype.CU_MEMORYTYPE_DEVICE ? Kind.DEVICE
                : type == CUmemorytype.CU_MEMORYTYPE_HOST ? Kind.HOST : Kind.NONE;
        return new Memory(kind, answers.getLong(0), answers.getInt(3), answers.getLong(4), answers.getLong(5));
    }
}
