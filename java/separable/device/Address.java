package separable.device;

import jcuda.driver.CUdeviceptr;

/** A device pointer whose value can be read, which JCuda reserves to subclasses. */
final class Address extends CUdeviceptr {

    /** To be filled by the driver. */
    Address() {
    }

    private Address(CUdeviceptr pointer, long byteOffset) {
        super(pointer, byteOffset);
    }

    long value() {
        return getNativePointer() + getByteOffset();
    }

    @Override
    public Address withByteOffset(long byteOffset) {
        return new Address(this, byteOffset);
    }

    /** The number a kernel gets; 0 for null. Pointers that come from this room cost no allocation. */
    static long valueOf(CUdeviceptr pointer) {
        if (pointer instanceof Address address) {
            return address.value();
        }
        return pointer == null ? 0 : new Address(pointer, 0).value();
    }
}
