package separable.exchange;

/** The element types of safetensors files this project reads and writes; all little-endian. */
public enum ElementType {
    F32(4), F16(2), BF16(2), I64(8), I32(4), U8(1);

    private final int bytes;

    ElementType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }
}
