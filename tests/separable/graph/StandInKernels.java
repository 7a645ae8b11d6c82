package separable.graph;

import separable.kernel.PointwiseBackwardForm;
import separable.spec.ConvSpec;
import separable.spec.DType;

/** Sets of fused kernels for tests of the pass, which needs none of them on a device. */
final class StandInKernels {

    private StandInKernels() {}

    private static final PointwiseBackwardForm.Limits H100 = new PointwiseBackwardForm.Limits(132, 32, 227 * 1024);

    /** A kernel for everything; general convolutions are stems, and the device is large. */
    static final FusedKernels ALL = new FusedKernels() {
        @Override
        public boolean forward(ConvSpec spec, DType type) {
            return true;
        }

        @Override
        public boolean backward(ConvSpec spec, DType type) {
            return true;
        }

        @Override
        public PointwiseBackwardForm form(ConvSpec spec, DType type) {
            return PointwiseBackwardForm.of(H100, spec, type);
        }

        @Override
        public boolean head(DType type) {
            return true;
        }
    };

    /** Nothing but the forward convolutions. */
    static final FusedKernels FORWARD = new FusedKernels() {
        @Override
        public boolean forward(ConvSpec spec, DType type) {
            return true;
        }

        @Override
        public boolean backward(ConvSpec spec, DType type) {
            return false;
        }

        @Override
        public PointwiseBackwardForm form(ConvSpec spec, DType type) {
            throw new AssertionError("nobody asks for the form of a plain gradient");
        }

        @Override
        public boolean head(DType type) {
            return false;
        }
    };
}
