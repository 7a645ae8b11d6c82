package separable.tune;

import java.util.Objects;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.kernel.ConvKernel;
import separable.spec.Pass;

/** One pass of one of our own kernel classes. */
final class KernelCandidate implements Candidate {

    private interface Call {
        void enqueue(CUdeviceptr a, CUdeviceptr b, CUdeviceptr out, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream);
    }

    private final String name;
    private final ConvKernel kernel;
    private final Call call;
    private final boolean isFilter;

    private KernelCandidate(String name, Pass pass, ConvKernel kernel) {
        this.name = Objects.requireNonNull(name, "name");
        this.kernel = kernel;
        this.isFilter = pass == Pass.BACKWARD_FILTER;
        this.call = switch (pass) {
            case FORWARD -> (a, b, out, workspace, tickets, stream) -> kernel.forward(a, b, out, stream);
            case BACKWARD_DATA -> (a, b, out, workspace, tickets, stream) -> kernel.backwardData(a, b, out, stream);
            case BACKWARD_FILTER -> kernel::backwardFilter;
        };
    }

    /** Takes over {@code kernel} and closes it. */
    static Candidate of(String name, Pass pass, ConvKernel kernel) {
        return new KernelCandidate(name, pass, kernel);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long workspaceBytes() {
        return isFilter ? kernel.workspaceBytes() : 0;
    }

    @Override
    public int tickets() {
        return isFilter ? kernel.tickets() : 0;
    }

    @Override
    public void enqueue(CUdeviceptr a, CUdeviceptr b, CUdeviceptr out, CUdeviceptr workspace, CUdeviceptr scratch, CUstream stream) {
        call.enqueue(a, b, out, workspace, scratch, stream);
    }

    @Override
    public void close() {
        kernel.close();
    }

    @Override
    public String toString() {
        return name;
    }
}
