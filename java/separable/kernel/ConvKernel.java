package separable.kernel;

import static java.util.Objects.requireNonNull;

import java.util.Optional;
import java.util.function.Function;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Shape;

/**
 * One convolution problem's three passes, made once and enqueued any number of times. As in all of deep learning, "convolution" is
 * the cross-correlation of Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning": the filter is not
 * mirrored. The gradients are the transposes of the forward pass in one operand each.
 *
 * <p>{@code x, dx}: {@code spec.input()}; {@code y, dy}: {@code spec.output()}; {@code w}: the filter; all in the precision and the
 * layout of this instance ({@link separable.spec.Layout} gives the order of elements). {@code dw}: laid out like {@code w}, in
 * fp32. Sums are fp32, in an order that does not change from call to call; outputs are overwritten, each rounded once. Taps
 * outside the picture are 0.
 *
 * <p>The methods enqueue to the caller's stream and return: they wait for nothing, allocate nothing and may be called while the stream
 * captures. Before that they refuse with {@link IllegalArgumentException}, naming the argument, a pointer that is null, misaligned,
 * freed, too short, in host memory or in another context, an output that overlaps anything, and a stream of another context; with
 * {@link IllegalStateException} a call after {@link #close} or on a thread where the context is not current; what
 * {@link separable.device.Launch} says about repeated calls holds. A call that the driver refuses ends in
 * {@link separable.device.DeviceException}. Not safe for use by several threads.
 */
public abstract sealed class ConvKernel extends DeviceOp<ConvLaunches> permits Conv, DepthwiseConv, GenericConv, PointwiseConv {

    ConvKernel(Device share, Function<Device, ConvLaunches> describe) {
        super(share, describe);
    }

    /** Whether every pixel consists of whole vectors without surplus channels, so that NHWC and PADDED_NHWC are the same. */
    static boolean isWholeVectors(ConvSpec spec) {
        return spec.input().c() % Shape.CHANNEL_MULTIPLE == 0 && spec.outputChannels() % Shape.CHANNEL_MULTIPLE == 0;
    }

    static void requireProblem(ConvSpec spec, DType type, Layout layout) {
        requireNonNull(spec, "spec");
        requireNonNull(type, "type");
        requireNonNull(layout, "layout");
    }

    /** @param refusal why {@code op} cannot compute the problem, and what can; empty when it can */
    static void requireSupported(String op, ConvSpec spec, DType type, Layout layout, Optional<String> refusal) {
        if (refusal.isPresent()) {
            throw new IllegalArgumentException(op + " cannot compute " + spec + " " + type + " in " + layout + ": " + refusal.get()
                    + "; separable.tune.Convolution runs any problem by what can");
        }
    }

    /** Why a matrix product cannot compute what other classes are for, or does not read the layout. */
    static Optional<String> refusalOfProducts(ConvSpec spec, Layout layout) {
        if (spec.isDepthwise()) {
            return Optional.of("from one channel to one it is a depthwise convolution, with a filter laid out as one: use DepthwiseConv");
        }
        return layout == Layout.NCHW ? Optional.of("it takes nhwc and padded-nhwc") : refusalOfVectors(spec, layout);
    }

    /** Why kernels that move whole vectors of channels cannot compute it. */
    static Optional<String> refusalOfVectors(ConvSpec spec, Layout layout) {
        if (layout == Layout.NHWC && !isWholeVectors(spec)) {
            return Optional.of("in nhwc it takes channels in multiples of " + Shape.CHANNEL_MULTIPLE
                    + ", in padded-nhwc any, since they are stored so");
        }
        return refusalOfFilter(spec, layout);
    }

    /** Why no kernel can index the filter. */
    static Optional<String> refusalOfFilter(ConvSpec spec, Layout layout) {
        return layout.filterElements(spec) <= Integer.MAX_VALUE ? Optional.empty()
                : Optional.of("its filter stores " + layout.filterElements(spec) + " elements, and kernels index with 32 bits: at most "
                        + Integer.MAX_VALUE);
    }

    /** Why a grid does not reach over all channels of input and output. */
    static Optional<String> refusalOfColumns(ConvSpec spec, boolean fit) {
        return fit ? Optional.empty() : Optional.of("one of " + spec.input().c() + " and " + spec.outputChannels()
                + " channels is more than its grid has blocks for");
    }

    /** Elements of {@code w} and {@code dw} in memory, at most 2^31 - 1. */
    public int filterElements() {
        return Math.toIntExact(launches.filterElements());
    }

    /** Bytes of the workspace that {@link #backwardFilter} needs, of any content; the shared one of many ops must fit the largest. */
    public long workspaceBytes() {
        return Launch.foldBytes(launches.partialBytes(), launches.tickets());
    }

    /** Ints of the tickets, for those who keep them apart from the workspace; they may not be shared by ops that run at once. */
    public int tickets() {
        return launches.tickets();
    }

    /** {@code y} from {@code x} and {@code w}. */
    public void forward(CUdeviceptr x, CUdeviceptr w, CUdeviceptr y, CUstream stream) {
        launches.forward().enqueue(stream, x, w, y);
    }

    /** {@code dx} from {@code dy} and {@code w}: the gradient of the input. Pixels that no window reads get zero. */
    public void backwardData(CUdeviceptr dy, CUdeviceptr w, CUdeviceptr dx, CUstream stream) {
        launches.backwardData().enqueue(stream, dy, w, dx);
    }

    /**
     * {@code dw} from {@code x} and {@code dy}: the gradient of the filter. Enqueues a memset before the kernel, which clears the
     * tickets in the workspace.
     *
     * @param workspace {@link #workspaceBytes}, of any content; null when that is 0
     */
    public void backwardFilter(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUdeviceptr workspace, CUstream stream) {
        launches.backwardFilter().enqueueClearing(stream, x, dy, dw, workspace);
    }

    /**
     * The same with tickets kept apart, which saves the memset.
     *
     * @param workspace {@link #workspaceBytes}, of any content
     * @param tickets   {@link #tickets} ints, 0 before the first use and left 0
     */
    public void backwardFilter(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUdeviceptr workspace, CUdeviceptr tickets,
                               CUstream stream) {
        launches.backwardFilter().enqueue(stream, x, dy, dw, workspace, tickets);
    }
}
