package separable.layer;

import separable.spec.Padding;
import separable.spec.Shape;

/** How much a picture is padded for a window. */
public enum PadRule {
    /** Not at all. */
    VALID {
        @Override
        Padding padding(Shape input, int kernel, int stride, int dilation) {
            return Padding.NONE;
        }
    },
    /** {@code dilation * (kernel - 1) / 2} on every side, as PyTorch's models do. */
    SYMMETRIC {
        @Override
        Padding padding(Shape input, int kernel, int stride, int dilation) {
            return Padding.symmetric(dilation * (kernel - 1) / 2);
        }
    },
    /** TensorFlow's SAME: see {@link Padding#same}. */
    SAME {
        @Override
        Padding padding(Shape input, int kernel, int stride, int dilation) {
            return Padding.same(input.h(), input.w(), kernel, kernel, stride, dilation);
        }
    };

    abstract Padding padding(Shape input, int kernel, int stride, int dilation);
}
