package separable.spec;

import static java.util.Objects.requireNonNull;

/** One pooling problem: a square window moved over every channel of the input. */
public record PoolSpec(Shape input, int kernel, int stride, Padding padding) {

    /** @throws IllegalArgumentException when an extent is below 1, the window does not fit, or lies in the padding alone */
    public PoolSpec {
        requireNonNull(input, "input");
        requireNonNull(padding, "padding");
        if (kernel < 1 || stride < 1) {
            throw new IllegalArgumentException("pooling of " + input + ": kernel " + kernel + " and stride " + stride + " must be at least 1");
        }
        if (Math.max(Math.max(padding.top(), padding.bottom()), Math.max(padding.left(), padding.right())) >= kernel) {
            throw new IllegalArgumentException("pooling of " + input + ": " + padding + " leaves windows of kernel " + kernel + " without a pixel");
        }
        if (input.h() + padding.top() + padding.bottom() < kernel || input.w() + padding.left() + padding.right() < kernel) {
            throw new IllegalArgumentException("a " + kernel + "x" + kernel + " pool does not fit the padded picture of " + input
                    + ": use a larger resolution");
        }
    }

    /** Shape of the result: a pixel for every place where the whole window lies inside the padded picture. */
    public Shape output() {
        return new Shape(input.n(),
                (input.h() + padding.top() + padding.bottom() - kernel) / stride + 1,
                (input.w() + padding.left() + padding.right() - kernel) / stride + 1,
                input.c());
    }
}
