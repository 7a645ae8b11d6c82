package separable.spec;

/** What is applied to a value after its affine part. The derivative is taken as 0 at the corners, as PyTorch does. */
public enum Activation {
    NONE,
    /** {@code max(x, 0)} */
    RELU,
    /** {@code min(max(x, 0), 6)} */
    RELU6
}
