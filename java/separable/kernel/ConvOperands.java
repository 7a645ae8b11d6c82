package separable.kernel;

import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;

/**
 * The pointers of a convolution's passes, which all its kernels take in this order; sizes in bytes.
 *
 * @param filterElements of w and dw in memory
 * @param align          what addresses must be multiples of
 */
record ConvOperands(long input, long output, long filter, long filterElements, int align) {

    /** Of kernels that move whole vectors. */
    private static final int VECTOR_BYTES = 16;

    static ConvOperands vectors(ConvSpec spec, DType type, Layout layout) {
        return of(spec, type, layout, VECTOR_BYTES);
    }

    /** Of kernels that move single elements. */
    static ConvOperands elements(ConvSpec spec, DType type, Layout layout) {
        return of(spec, type, layout, type.bytes());
    }

    private static ConvOperands of(ConvSpec spec, DType type, Layout layout, int align) {
        long elements = layout.filterElements(spec);
        return new ConvOperands(layout.bytes(spec.input(), type), layout.bytes(spec.output(), type), elements * type.bytes(), elements, align);
    }

    Launch forward(Launch launch) {
        return launch.input("x", input, align).input("w", filter, align).output("y", output, align);
    }

    Launch backwardData(Launch launch) {
        return launch.input("dy", output, align).input("w", filter, align).output("dx", input, align);
    }

    /** Without workspace and tickets. */
    Launch backwardFilter(Launch launch) {
        return launch.input("x", input, align).input("dy", output, align)
                .output("dw", filterElements * Float.BYTES, Math.max(align, Float.BYTES));
    }

    Launch backwardFilter(Launch launch, long partialBytes, int tickets) {
        return backwardFilter(launch).fold(partialBytes, tickets);
    }
}
