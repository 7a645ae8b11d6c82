package separable.graph;

import java.util.function.Function;
import jcuda.driver.CUdeviceptr;

/**
 * Where the things an op touches are.
 *
 * @param tensors   of every tensor the op reads or writes
 * @param workspace the op's own scratch memory, any content; null when it asked for none
 * @param tickets   the op's own counters, 0 between runs; null when it asked for none
 * @param state     the step's state; null in plans without loss and dropout
 * @param metrics   the ring of step metrics; null in plans without loss
 */
record Addresses(Function<Tensor, CUdeviceptr> tensors, CUdeviceptr workspace, CUdeviceptr tickets, CUdeviceptr state, CUdeviceptr metrics) {

    CUdeviceptr of(Tensor tensor) {
        return tensors.apply(tensor);
    }
}
