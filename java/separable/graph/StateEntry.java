package separable.graph;

import separable.spec.Shape;

/** Something a trained model is saved with: a trainable parameter, or the running statistics of a batch normalisation. */
public sealed interface StateEntry permits Parameter, RunningStatistics {

    /** The entry's name in a saved file; for running statistics the prefix of their three names. */
    String name();

    /** The shape kernels see. */
    Shape storage();
}
