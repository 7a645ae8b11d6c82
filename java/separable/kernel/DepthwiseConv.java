package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * Depthwise convolution: every channel with a filter of its own,
 * <pre>
 *   forward           y[n,oy,ox,c]  = sum over ky, kx of x[n, oy*S - top + ky*D, ox*S - left + kx*D, c] * w[ky,kx,c]
 *   data gradient     its transpose in x
 *   filter gradient   its transpose in w
 * </pre>
 * with stride S and dilation D; taps outside the picture are 0.
 *
 * <p>{@code x, dx}: {@code spec.input()}; {@code y, dy}: {@code spec.output()}; {@code w}: [KH, KW, channelStride]; all in the given
 * precision, surplus channels zero. {@code dw}: the layout of {@code w} in fp32. Sums are fp32, outputs are overwritten. 3x3 and
 * 5x5 filters of stride 1 and 2 without dilation have kernels of their own; any other filter, stride and dilation runs too.
 *
 * <p>The methods enqueue one launch and allocate nothing; not safe for use by several threads.
 */
public final class DepthwiseConv {

    private static final int THREADS = 128;

    /** Pixels a thread computes at a time: STRIP in depthwise.cuh. */
    private static final int STRIP = 4;

    /** Threads a multiprocessor that make a launch worth splitting lines no further. */
    private static final int THREADS_PER_MULTIPROCESSOR = 1024;

    private static final int FILTER_CTAS_PER_MULTIPROCESSOR = 4;

    private final ConvSpec spec;
    private final Launch forward;
    private final Launch backwardData;
    private final Launch backwardFilter;
    private final ColumnGrid filterGrid;
    private final int filterDepth;

    /** @throws IllegalArgumentException when {@code spec} is no depthwise convolution */
    public DepthwiseConv(Device device, ConvSpec spec, DType type) {
        if (!supports(spec, type)) {
            throw new IllegalArgumentException("depthwise convolution cannot compute " + spec
                    + ": it takes as many groups and output channels as input channels");
        }
        this.spec = spec;
        Shape input = spec.input();
        Shape output = spec.output();
        filterDepth = filterDepth(spec);
        filterGrid = ColumnGrid.lines(output.n() * output.h(), output.w(), output.channelStride(),
                FILTER_CTAS_PER_MULTIPROCESSOR * device.multiprocessors() / filterDepth);
        forward = data(device, "forward", type, output, output.w());
        // The first strip may begin left of the picture, where the stride divides the padded coordinate.
        backwardData = data(device, "backward_data", type, input, input.w() + spec.padding().left() % spec.stride());
        backwardFilter = filter(device, type);
    }

    public static boolean supports(ConvSpec spec, DType type) {
        return spec.isDepthwise();
    }

    /** Whether the kernels for this size and stride exist: those that compute a strip a thread. */
    private static boolean isSpecialised(ConvSpec spec) {
        return spec.kernelHeight() == spec.kernelWidth() && (spec.kernelWidth() == 3 || spec.kernelWidth() == 5)
                && spec.stride() <= 2 && spec.dilation() == 1;
    }

    private static String variant(ConvSpec spec) {
        return isSpecialised(spec) ? "k" + spec.kernelWidth() + "s" + spec.stride() : "generic";
    }

    /** CTAs along z of the filter gradient, which share the taps: see depthwise_filter.cu. */
    private static int filterDepth(ConvSpec spec) {
        if (!isSpecialised(spec)) {
            return spec.kernelHeight() * spec.kernelWidth();
        }
        return spec.kernelHeight() == 3 ? 1 : spec.kernelHeight();
    }

    private Launch launch(Device device, String direction, DType type) {
        return device.kernel("dw_" + direction + "_" + variant(spec) + "_" + type.suffix()).launch()
                .describe("depthwise " + spec + " " + type);
    }

    private Launch geometry(Launch launch) {
        Shape in = spec.input();
        Shape out = spec.output();
        return launch.i32(in.h()).i32(in.w()).i32(out.h()).i32(out.w()).i32(in.channelStride())
                .i32(spec.padding().top()).i32(spec.padding().left());
    }

    /** The launch that computes {@code target} from the other activation; {@code span}: pixels of a line that its strips cover. */
    private Launch data(Device device, String direction, DType type, Shape target, int span) {
        Launch launch = geometry(launch(device, direction, type).pointer().pointer().pointer());
        int vectors = target.channelStride() / Shape.CHANNEL_MULTIPLE;
        int items;
        if (isSpecialised(spec)) {
            int lines = target.n() * target.h();
            int wanted = THREADS_PER_MULTIPROCESSOR * device.multiprocessors();
            int segments = Math.min(VectorGrid.blocks(span, STRIP), VectorGrid.blocks(wanted, lines * vectors));
            launch.i32(lines).i32(segments);
            items = lines * vectors * segments;
        } else {
            launch.i32(spec.kernelHeight()).i32(spec.kernelWidth()).i32(spec.stride()).i32(spec.dilation()).i32(target.rows());
            items = target.rows() * vectors;
        }
        return launch.grid(VectorGrid.blocks(items, THREADS), 1, 1).block(THREADS);
    }

    private Launch filter(Device device, DType type) {
        Shape output = spec.output();
        Launch launch = filterGrid.shape(launch(device, "backward_filter", type), filterDepth)
                .pointer().pointer().pointer().pointer().pointer();
        geometry(launch).i32(output.n() * output.h()).i32(filterGrid.columns());
        return isSpecialised(spec) ? launch : launch.i32(spec.kernelWidth()).i32(spec.stride()).i32(spec.dilation());
    }

    /** Stored elements of {@code w} and {@code dw}. */
    public int filterElements() {
        return spec.kernelHeight() * spec.kernelWidth() * spec.input().channelStride();
    }

    /** Bytes of the workspace that {@link #backwardFilter} needs, of any content. */
    public long workspaceBytes() {
        return (long) filterGrid.parts() * filterElements() * Float.BYTES;
    }

    /** Ints of the tickets that {@link #backwardFilter} needs: zero before the first use, and left zero. */
    public int tickets() {
        return filterGrid.tiles() * filterDepth;
    }

    /** {@code y} from {@code x} and {@code w}. */
    public void forward(CUdeviceptr x, CUdeviceptr w, CUdeviceptr y, CUstream stream) {
        forward.enqueue(stream, x, w, y);
    }

    /** {@code dx} from {@code dy} and {@code w}. */
    public void backwardData(CUdeviceptr dy, CUdeviceptr w, CUdeviceptr dx, CUstream stream) {
        backwardData.enqueue(stream, dy, w, dx);
    }

    /** {@code dw} from {@code x} and {@code dy}. */
    public void backwardFilter(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUdeviceptr workspace, CUdeviceptr tickets,
                               CUstream stream) {
        backwardFilter.enqueue(stream, x, dy, dw, workspace, tickets);
    }
}
