package separable.graph;

import jcuda.driver.CUstream;

/** An op bound to a kernel and to addresses: enqueues its launches, allocates nothing, waits for nothing. */
@FunctionalInterface
interface Enqueue extends AutoCloseable {

    void on(CUstream stream);

    /** Gives back what was made for these addresses alone. */
    @Override
    default void close() {}
}
