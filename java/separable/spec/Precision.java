package separable.spec;

/** What users choose: the type that activations and gradients are stored in, and how they are multiplied. */
public enum Precision {
    FP32(DType.F32, Products.EXACT),
    /** Stored as fp32, multiplied as {@link Products#TF32}. */
    TF32(DType.F32, Products.TF32),
    BF16(DType.BF16, Products.EXACT),
    FP16(DType.F16, Products.EXACT);

    private final DType type;
    private final Products products;

    Precision(DType type, Products products) {
        this.type = type;
        this.products = products;
    }

    public static Precision of(DType type) {
        return of(type, Products.EXACT);
    }

    /** @throws IllegalArgumentException for TF32 of 16 bits */
    public static Precision of(DType type, Products products) {
        products.of(type);
        return switch (type) {
            case F32 -> products == Products.TF32 ? TF32 : FP32;
            case BF16 -> BF16;
            case F16 -> FP16;
        };
    }

    public DType type() {
        return type;
    }

    public Products products() {
        return products;
    }

    /** The name users type and read: {@code fp32}, {@code tf32}, {@code bf16}, {@code fp16}. */
    @Override
    public String toString() {
        return products == Products.TF32 ? "tf32" : type.toString();
    }

    /** @throws IllegalArgumentException naming the accepted labels */
    public static Precision parse(String label) {
        return Labels.parse(Precision.class, label, "precision");
    }
}
