package separable.device;

import java.util.Arrays;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphNodeType;
import jcuda.driver.JCudaDriver;

/** What a capture ends with: work that a {@link CapturedGraph} is made of, of no use after that. */
final class GraphTemplate extends Resource {

    private final CUgraph graph;

    /** Takes over {@code graph}. */
    GraphTemplate(Resources owner, CUgraph graph) {
        super(owner);
        this.graph = graph;
        opened();
    }

    CUgraph handle() {
        requireOpen();
        return graph;
    }

    /** Nodes of every kind. */
    int size() {
        long[] count = new long[1];
        Driver.check("counting the nodes of", this, () -> JCudaDriver.cuGraphGetNodes(handle(), null, count));
        return Math.toIntExact(count[0]);
    }

    GraphNodes nodes() {
        NativeLibrary.link();
        int[] kinds = new int[size()];
        Driver.check("listing the nodes of", this, () -> kinds(Handles.of(handle()), kinds));
        int kernels = count(kinds, CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL);
        int copies = count(kinds, CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY);
        int fills = count(kinds, CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMSET);
        return new GraphNodes(kernels, copies, fills, kinds.length - kernels - copies - fills);
    }

    private static int count(int[] kinds, int wanted) {
        return (int) Arrays.stream(kinds).filter(kind -> kind == wanted).count();
    }

    /**
     * JCuda's cuGraphGetNodes gives the driver an uninitialised number for the room in the list.
     *
     * @param kinds as long as the graph has nodes; becomes the CUgraphNodeType of each
     * @return the driver's result
     */
    private static native int kinds(long graph, int[] kinds);

    @Override
    void release() {
        Driver.check("discarding", this, () -> JCudaDriver.cuGraphDestroy(graph));
    }

    @Override
    public String toString() {
        return "a captured graph";
    }
}
