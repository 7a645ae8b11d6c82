package separable.tune;

import java.util.Objects;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.kernel.Conv;
import separable.kernel.DepthwiseConv;
import separable.kernel.GenericConv;
import separable.kernel.PointwiseConv;
import separable.spec.Pass;

/** One pass of one of our own kernel classes. */
final class KernelCandidate implements Candidate {

    /** A forward pass or a data gradient: they need no scratch memory. */
    private interface Through {
        void enqueue(CUdeviceptr a, CUdeviceptr b, CUdeviceptr out, CUstream stream);
    }

    private interface Filter {
        void enqueue(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream);
    }

    private final String name;
    private final Filter call;
    private final long workspaceBytes;
    private final int tickets;

    private KernelCandidate(String name, Pass pass, Through forward, Through backwardData, Filter backwardFilter, long workspaceBytes,
                            int tickets) {
        this.name = Objects.requireNonNull(name, "name");
        boolean isFilter = pass == Pass.BACKWARD_FILTER;
        this.workspaceBytes = isFilter ? workspaceBytes : 0;
        this.tickets = isFilter ? tickets : 0;
        this.call = switch (pass) {
            case FORWARD -> (a, b, out, w, t, stream) -> forward.enqueue(a, b, out, stream);
            case BACKWARD_DATA -> (a, b, out, w, t, stream) -> backwardData.enqueue(a, b, out, stream);
            case BACKWARD_FILTER -> backwardFilter;
        };
    }

    static Candidate of(String name, Pass pass, DepthwiseConv kernel) {
        return new KernelCandidate(name, pass, kernel::forward, kernel::backwardData, kernel::backwardFilter, kernel.workspaceBytes(),
                kernel.tickets());
    }

    static Candidate of(String name, Pass pass, PointwiseConv kernel) {
        return new KernelCandidate(name, pass, kernel::forward, kernel::backwardData, kernel::backwardFilter, kernel.workspaceBytes(),
                kernel.tickets());
    }

    static Candidate of(String name, Pass pass, Conv kernel) {
        return new KernelCandidate(name, pass, kernel::forward, kernel::backwardData, kernel::backwardFilter, kernel.workspaceBytes(),
                kernel.tickets());
    }

    static Candidate of(String name, Pass pass, GenericConv kernel) {
        return new KernelCandidate(name, pass, kernel::forward, kernel::backwardData, kernel::backwardFilter, kernel.workspaceBytes(),
                kernel.tickets());
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long workspaceBytes() {
        return workspaceBytes;
    }

    @Override
    public int tickets() {
        return tickets;
    }

    @Override
    public void enqueue(CUdeviceptr a, CUdeviceptr b, CUdeviceptr out, CUdeviceptr workspace, CUdeviceptr scratch, CUstream stream) {
        call.enqueue(a, b, out, workspace, scratch, stream);
    }

    @Override
    public void close() {
        // A kernel's launches give their memory back when they are no longer reachable.
    }

    @Override
    public String toString() {
        return name;
    }
}
