package separable.spec;

/** How fp32 operands are multiplied; sums are fp32 either way. 16-bit operands are always multiplied as they are, on tensor cores. */
public enum Products {
    /** As they are. */
    EXACT("exact"),
    /**
     * Rounded to TF32 first (8 bits of exponent, 10 of fraction; to nearest, ties away from zero), for tensor cores of compute
     * capability 8.0 and newer: each operand is off by at most 2^-11 of itself. Tensors, files and parameters stay fp32. Only
     * pointwise convolutions and dense layers of ours have such kernels; cuDNN may use it for any convolution.
     */
    TF32("tf32");

    private static final int LEAST_CAPABILITY = 80;

    private final String label;

    Products(String label) {
        this.label = label;
    }

    /** This, or {@link #EXACT} on devices without the tensor cores for it. @param computeCapability 80 for 8.0 */
    public Products on(int computeCapability) {
        return computeCapability < LEAST_CAPABILITY ? EXACT : this;
    }

    /** This, which must mean something for operands of {@code type}. @throws IllegalArgumentException for TF32 of 16 bits */
    public Products of(DType type) {
        if (this == TF32 && type != DType.F32) {
            throw new IllegalArgumentException("tf32 is a way to multiply fp32: " + type + " operands are multiplied as they are");
        }
        return this;
    }

    @Override
    public String toString() {
        return label;
    }
}
