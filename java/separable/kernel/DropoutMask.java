package separable.kernel;

import separable.device.Launch;
import separable.spec.Shape;

/**
 * What dropout.cuh is told of a mask.
 *
 * @param rate in [0, 1)
 * @param salt tells the dropout layers of a network apart
 */
record DropoutMask(float rate, int salt) {

    /** @throws IllegalArgumentException naming {@code shape}, of what is dropped, for another rate */
    static DropoutMask of(Shape shape, float rate, int salt) {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("dropout rate " + rate + " of " + shape + ": it must be at least 0 and below 1");
        }
        return new DropoutMask(rate, salt);
    }

    /** Appends the {@link StepState}, which kernels that can leave dropout out get as null where nothing is dropped. */
    Launch appendState(Launch launch) {
        return rate == 0 ? launch.i64(0).unused("state") : launch.input("state", StepState.BYTES);
    }

    /** Appends all but the state. */
    Launch append(Launch launch) {
        return launch.i32((int) threshold()).f32(1 / (1 - rate)).i32(salt);
    }

    /** A random 32-bit word below this drops its element. Below 2^32, since no float below 1 is above 1 - 2^-24. */
    private long threshold() {
        return Math.round(rate * 0x1p32);
    }
}
