package separable.device;

import java.util.Arrays;
import java.util.List;
import jcuda.CudaException;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUgraphNode;
import jcuda.driver.CUgraphNodeType;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** Work captured once by {@link Stream#capture} and enqueued again by one call. The buffers it names must stay open. */
public final class CapturedGraph extends Resource {

    private final CUgraphExec handle = new CUgraphExec();
    private final Nodes nodes;

    /**
     * What a graph consists of.
     *
     * @param kernels launches
     * @param copies  from memory to memory
     * @param fills   of memory
     * @param others  anything else: host functions, events, empty nodes
     */
    public record Nodes(int kernels, int copies, int fills, int others) {

        public int all() {
            return kernels + copies + fills + others;
        }
    }

    /** Takes over {@code graph} and destroys it, whether or not it can be instantiated. */
    CapturedGraph(Resources owner, CUgraph graph) {
        super(owner);
        Template template = new Template(owner, graph);
        try {
            nodes = template.nodes();
            Driver.check("instantiating", this, () -> JCudaDriver.cuGraphInstantiate(handle, graph, 0));
            opened();
            template.close();
        } catch (RuntimeException failure) {
            throw Closing.after(failure, List.of(template, this));
        }
    }

    /** What a capture ends with: of no use once it is instantiated. */
    private static final class Template extends Resource {

        private final CUgraph graph;

        Template(Resources owner, CUgraph graph) {
            super(owner);
            this.graph = graph;
            opened();
        }

        Nodes nodes() {
            long[] count = new long[1];
            Driver.check("counting the nodes of", this, () -> JCudaDriver.cuGraphGetNodes(graph, null, count));
            CUgraphNode[] all = new CUgraphNode[Math.toIntExact(count[0])];
            Arrays.setAll(all, at -> new CUgraphNode());
            if (all.length > 0) {
                Driver.check("listing the nodes of", this, () -> JCudaDriver.cuGraphGetNodes(graph, all, count));
            }
            int[] kinds = Arrays.stream(all).mapToInt(this::kind).toArray();
            int kernels = count(kinds, CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL);
            int copies = count(kinds, CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY);
            int fills = count(kinds, CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMSET);
            return new Nodes(kernels, copies, fills, kinds.length - kernels - copies - fills);
        }

        private int kind(CUgraphNode node) {
            int[] kind = new int[1];
            Driver.check("asking the kind of a node of", this, () -> JCudaDriver.cuGraphNodeGetType(node, kind));
            return kind[0];
        }

        private static int count(int[] kinds, int wanted) {
            return (int) Arrays.stream(kinds).filter(kind -> kind == wanted).count();
        }

        @Override
        void release() {
            Driver.check("discarding", this, () -> JCudaDriver.cuGraphDestroy(graph));
        }

        @Override
        public String toString() {
            return "a captured graph";
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

    /** What it consists of. */
    public Nodes nodes() {
        return nodes;
    }

    @Override
    void release() {
        Driver.check("closing", this, () -> JCudaDriver.cuGraphExecDestroy(handle));
    }

    @Override
    public String toString() {
        return "captured graph (" + nodes.all() + " nodes)";
    }
}
