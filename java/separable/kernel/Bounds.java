package separable.kernel;

import separable.device.Launch;
import separable.spec.Activation;

/** What an activation clamps to; infinite where it does not. */
record Bounds(float low, float high) {

    static Bounds of(Activation activation) {
        return switch (activation) {
            case NONE -> new Bounds(Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);
            case RELU -> new Bounds(0, Float.POSITIVE_INFINITY);
            case RELU6 -> new Bounds(0, 6);
        };
    }

    /** Appends the two. */
    Launch append(Launch launch) {
        return launch.f32(low).f32(high);
    }
}
