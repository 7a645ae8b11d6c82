package separable.tune;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;

/**
 * One way to compute one pass of a convolution on one device: a kernel with its tiling, or a library's algorithm. Made by
 * {@link ConvolutionCandidates}; whoever gets one closes it, before the device. Not safe for use by several threads.
 */
public interface Candidate extends AutoCloseable {

    /** Which way this is, stable from run to run: {@code "PointwiseConv 64x64"}. */
    String name();

    /** Bytes of scratch memory, of any content, that {@link #enqueue} needs. */
    long workspaceBytes();

    /** Ints that {@link #enqueue} needs: zero before the first use, and left zero. */
    int tickets();

    /**
     * Enqueues the pass; allocates nothing and waits for nothing. Operands by pass, in layout and precision of the {@link Problem}:
     *
     * <table>
     *   <caption>Operands</caption>
     *   <tr><th>pass</th><th>a</th><th>b</th><th>out</th></tr>
     *   <tr><td>forward</td><td>x</td><td>w</td><td>y</td></tr>
     *   <tr><td>data</td><td>dy</td><td>w</td><td>dx</td></tr>
     *   <tr><td>filter</td><td>x</td><td>dy</td><td>dw, always fp32</td></tr>
     * </table>
     *
     * @param workspace may be null when {@link #workspaceBytes} is 0
     * @param tickets   may be null when {@link #tickets} is 0
     */
    void enqueue(CUdeviceptr a, CUdeviceptr b, CUdeviceptr out, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream);

    @Override
    void close();
}
