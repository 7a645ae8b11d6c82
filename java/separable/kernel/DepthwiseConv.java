package separable.kernel;

import java.util.List;
import java.util.Optional;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Pass;
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

    private final ConvSpec spec;
    private final Launch forward;
    private final Launch backwardData;
    private final Launch backwardFilter;
    private final ColumnGrid filterGrid;
    private final int filterDepth;

    /** @throws IllegalArgumentException when {@code spec} is no depthwise convolution */
    public DepthwiseConv(Device device, ConvSpec spec, DType type) {
        this(device, spec, type, Optional.empty());
    }

    /** With one of {@link #variants} for its pass; the other passes as the rule says. */
    public DepthwiseConv(Device device, ConvSpec spec, DType type, Variant variant) {
        this(device, spec, type, Optional.of(variant));
    }

    private DepthwiseConv(Device device, ConvSpec spec, DType type, Optional<Variant> variant) {
        if (!supports(spec, type)) {
            throw new IllegalArgumentException("depthwise convolution cannot compute " + spec
                    + ": it takes as many groups and output channels as input channels");
        }
        this.spec = spec;
        DepthwiseVariant filter = DepthwiseVariant.pick(variant, Pass.BACKWARD_FILTER, device, spec);
        filterDepth = filter.filterDepth(spec);
        filterGrid = filter.filterGrid(spec);
        forward = data(device, type, DepthwiseVariant.pick(variant, Pass.FORWARD, device, spec), spec.output());
        backwardData = data(device, type, DepthwiseVariant.pick(variant, Pass.BACKWARD_DATA, device, spec), spec.input());
        backwardFilter = filter(device, type, filter);
    }

    /** The ways to compute {@code pass} of a problem that {@link #supports supports} accepts, the rule's choice first. */
    public static List<Variant> variants(Device device, ConvSpec spec, DType type, Pass pass) {
        return DepthwiseVariant.all(pass, device, spec);
    }

    public static boolean supports(ConvSpec spec, DType type) {
        return spec.isDepthwise();
    }

    private Launch launch(Device device, DepthwiseVariant variant, DType type) {
        String direction = switch (variant.pass()) {
            case FORWARD -> "forward";
            case BACKWARD_DATA -> "backward_data";
            case BACKWARD_FILTER -> "backward_filter";
        };
        String kernel = variant.strips() ? "k" + spec.kernelWidth() + "s" + spec.stride() : "generic";
        return device.kernel("dw_" + direction + "_" + kernel + "_" + type.suffix()).launch().describe("depthwise " + spec + " " + type);
    }

    private Launch geometry(Launch launch) {
        Shape in = spec.input();
        Shape out = spec.output();
        return launch.i32(in.h()).i32(in.w()).i32(out.h()).i32(out.w()).i32(in.channelStride())
                .i32(spec.padding().top()).i32(spec.padding().left());
    }

    /** The launch that computes {@code target} from the other activation. */
    private Launch data(Device device, DType type, DepthwiseVariant variant, Shape target) {
        Launch launch = geometry(launch(device, variant, type).pointer().pointer().pointer());
        int vectors = target.channelStride() / Shape.CHANNEL_MULTIPLE;
        int items;
        if (variant.strips()) {
            int lines = target.n() * target.h();
            launch.i32(lines).i32(variant.share());
            items = lines * vectors * variant.share();
        } else {
            launch.i32(spec.kernelHeight()).i32(spec.kernelWidth()).i32(spec.stride()).i32(spec.dilation()).i32(target.rows());
            items = target.rows() * vectors;
        }
        return launch.grid(VectorGrid.blocks(items, THREADS), 1, 1).block(THREADS);
    }

    private Launch filter(Device device, DType type, DepthwiseVariant variant) {
        Shape output = spec.output();
        Launch launch = filterGrid.shape(launch(device, variant, type), filterDepth)
                .pointer().pointer().pointer().pointer().pointer();
        geometry(launch).i32(output.n() * output.h()).i32(filterGrid.columns());
        return variant.strips() ? launch : launch.i32(spec.kernelWidth()).i32(spec.stride()).i32(spec.dilation());
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
