package separable.spec;

/**
 * The precision activations and gradients are stored in. Accumulation, statistics, master weights and
 * weight gradients are always fp32.
 */
public enum DType {
    F32("fp32", "f32", 4),
    BF16("bf16", "bf16", 2),
    /** Three more digits in binary than {@link #BF16}, but only from 2^-24 to 65504. */
    F16("fp16", "f16", 2);

    private final String label;
    private final String suffix;
    private final int bytes;

    DType(String label, String suffix, int bytes) {
        this.label = label;
        this.suffix = suffix;
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** The ending of this precision's kernel entry points, as in {@code relu_forward_bf16}. */
    public String suffix() {
        return suffix;
    }

    /** The name users type and read: {@code fp32}, {@code bf16}, {@code fp16}. */
    @Override
    public String toString() {
        return label;
    }
}
