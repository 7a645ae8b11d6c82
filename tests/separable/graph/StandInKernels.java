package separable.graph;

import separable.spec.ConvSpec;
import separable.spec.DType;

/** Sets of fused kernels for tests of the pass, which needs none of them on a device. */
final class StandInKernels {

    private StandInKernels() {}

    /** A kernel for everything; general convolutions are stems. */
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
        public Division division(ConvSpec spec, DType type) {
            boolean one = type != DType.F32 && spec.outputChannels() * spec.input().c() <= 32768;
            return one ? new Division(FusedOp.Form.ONE, 4) : new Division(FusedOp.Form.DUAL, 1);
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
        public Division division(ConvSpec spec, DType type) {
            throw new AssertionError("nobody asks how a plain gradient divides its work");
        }

        @Override
        public boolean head(DType type) {
            return false;
        }
    };
}
