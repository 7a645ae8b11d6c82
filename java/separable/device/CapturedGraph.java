package separable.device;

import java.util.List;
import jcuda.CudaException;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** Work captured once by {@link Stream#capture} and enqueued again by one call. The buffers it names must stay open. */
public final class CapturedGraph extends Resource {

    private final CUgraphExec handle = new CUgraphExec();
    private final int nodes;

    /** Takes over {@code graph} and destroys it, whether or not it can be instantiated. */
    CapturedGraph(Resources owner, CUgraph graph) {
        super(owner);
        GraphTemplate template = new GraphTemplate(owner, graph);
        try {
            nodes = template.size();
            Driver.check("instantiating", this, () -> JCudaDriver.cuGraphInstantiate(handle, graph, 0));
            opened();
            template.close();
        } catch (RuntimeException failure) {
            throw Closing.after(failure, List.of(template, this));
        }
    }

    /**
     * Enqueues all of it; allocates nothing.
     *
     * @throws DeviceException when the driver refuses it, or reports the failure of an earlier launch
     */
    public void launch(Stream stream) {
        requireOpen();
        int result;
        try {
            result = JCudaDriver.cuGraphLaunch(handle, stream.handle());
        } catch (CudaException e) {
            result = Driver.code(e);
        }
        if (result != CUresult.CUDA_SUCCESS) {
            throw Driver.failure(result, "launching", this);
        }
    }

    /** Launches, copies and fills in it. */
    public int nodes() {
        return nodes;
    }

    @Override
    void release() {
        Driver.check("closing", this, () -> JCudaDriver.cuGraphExecDestroy(handle));
    }

    @Override
    public String toString() {
        return "captured graph (" + nodes + " nodes)";
    }
}
