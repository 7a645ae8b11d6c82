package separable.graph;

import jcuda.driver.CUstream;

/** An op bound to a kernel and to addresses: enqueues its launches, allocates nothing, waits for nothing. */
@FunctionalInterface
interface Enqueue {
    void on(CUstream stream);
}
