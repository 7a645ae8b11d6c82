package separable.kernel;

import separable.spec.Pass;

/**
 * One way to share a convolution's pass out over the device. Kernel classes list theirs with {@code variants}, the one that their
 * rule takes first, and are made for one of them by a constructor. All give the same result but for the order of sums.
 */
public sealed interface Variant permits DepthwiseVariant, GemmVariant {

    /** The pass it is for. */
    Pass pass();

    /** Tells the variants of a pass apart, and stays the same from run to run: {@code "64x64"}, {@code "segments 7"}. */
    String name();
}
