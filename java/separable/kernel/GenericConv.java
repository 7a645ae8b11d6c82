package separable.kernel;

import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUstream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Shape;

/**
 * Convolution of any kind in any layout: any groups, channel multiplier, kernel, stride, dilation, padding and channel count. Plain
 * and slow: the last resort where no other class supports a problem, and what faster ones are checked against. With G groups of
 * I = Cin / G inputs and O = Cout / G outputs, stride S and dilation D
 * <pre>
 *   forward   y[n, oy, ox, co] = sum over ky, kx, ci of x[n, oy*S - top + ky*D, ox*S - left + kx*D, co/O*I + ci] * w[co, ky, kx, ci]
 * </pre>
 * where taps outside the picture are zero, and the two gradients are its transposes.
 *
 * <p>{@code x, dx}: {@code spec.input()}; {@code y, dy}: {@code spec.output()}; {@code w}: the filter; all in the given precision and
 * laid out as {@link Layout} says. {@code dw} is laid out like {@code w}, in fp32. Sums are fp32 in a fixed order, so that a repeated
 * call gives the same bits; outputs are overwritten, their surplus elements in {@link Layout#PADDED_NHWC} with zeros.
 *
 * <p>Methods enqueue one kernel and allocate nothing; no workspace and no tickets are needed. Not safe for use by several threads.
 */
public final class GenericConv {

    private static final int FILTER_THREADS = 128;

    /** Elements of dw that a block computes, a warp each. */
    private static final int FILTER_ELEMENTS_PER_BLOCK = FILTER_THREADS / 32;

    private final ConvSpec spec;
    private final DType type;
    private final Layout layout;
    private final int filterElements;
    private final Launch forward;
    private final Launch backwardData;
    private final Launch backwardFilter;

    /** In {@link Layout#PADDED_NHWC}, as the layer graph stores activations. */
    public GenericConv(Device device, ConvSpec spec, DType type) {
        this(device, spec, type, Layout.PADDED_NHWC);
    }

    /** @throws IllegalArgumentException when the filter has more than 2^31 - 1 stored elements */
    public GenericConv(Device device, ConvSpec spec, DType type, Layout layout) {
        if (!supports(spec, type, layout)) {
            throw new IllegalArgumentException("generic convolution cannot compute " + spec + " in " + layout + ": its filter stores "
                    + layout.filterElements(spec) + " elements, and kernels index with 32 bits: at most " + Integer.MAX_VALUE);
        }
        this.spec = spec;
        this.type = type;
        this.layout = layout;
        filterElements = (int) layout.filterElements(spec);
        forward = writing(launch(device, "forward"), layout.elements(spec.output()));
        backwardData = writing(launch(device, "backward_data"), layout.elements(spec.input()));
        backwardFilter = launch(device, "backward_filter").i32(spec.output().rows()).i32(storedOutputs()).i32(storedInputs())
                .i32(filterElements).grid(VectorGrid.blocks(filterElements, FILTER_ELEMENTS_PER_BLOCK), 1, 1).block(FILTER_THREADS);
    }

    /** Whether the filter can be indexed with 32 bits; activations always can. */
    public static boolean supports(ConvSpec spec, DType type, Layout layout) {
        return layout.filterElements(spec) <= Integer.MAX_VALUE;
    }

    public static boolean supports(ConvSpec spec, DType type) {
        return supports(spec, type, Layout.NHWC);
    }

    /** Three pointers and the geometry, in the order of conv_generic.cu. */
    private Launch launch(Device device, String pass) {
        Launch launch = device.kernel("conv_generic_" + pass + "_" + type.suffix()).launch()
                .describe("generic convolution " + spec + " " + layout + " " + type)
                .pointer().pointer().pointer();
        filter(activation(activation(launch, spec.input()), spec.output()));
        return launch.i32(spec.stride()).i32(spec.dilation()).i32(spec.padding().top()).i32(spec.padding().left()).i32(spec.groups());
    }

    /** One thread for every element of the result. */
    private static Launch writing(Launch launch, int elements) {
        return launch.i32(elements).grid(VectorGrid.blocks(elements, VectorGrid.THREADS), 1, 1).block(VectorGrid.THREADS);
    }

    private Launch activation(Launch launch, Shape shape) {
        int stored = layout.storedChannels(shape.c());
        launch.i32(shape.h()).i32(shape.w()).i32(shape.c()).i32(stored);
        return layout == Layout.NCHW ? launch.i32(1).i32(shape.h() * shape.w()) : launch.i32(stored).i32(1);
    }

    /** Extents, and the distances between neighbouring outputs, taps and inputs. A depthwise filter has one input, at any distance. */
    private Launch filter(Launch launch) {
        int taps = spec.kernelHeight() * spec.kernelWidth();
        launch.i32(spec.kernelHeight()).i32(spec.kernelWidth());
        if (layout == Layout.NCHW) {
            return launch.i32(storedInputs() * taps).i32(1).i32(taps);
        }
        return spec.isDepthwise() ? launch.i32(1).i32(storedOutputs()).i32(1)
                : launch.i32(taps * storedInputs()).i32(storedInputs()).i32(1);
    }

    private int storedOutputs() {
        return layout.storedChannels(spec.outputChannels());
    }

    private int storedInputs() {
        return spec.isDepthwise() ? 1 : layout.storedChannels(spec.input().c() / spec.groups());
    }

    ConvLaunches launches() {
        return new ConvLaunches(forward, backwardData, backwardFilter, filterElements, 0, 0);
    }

    /** Stored elements of {@code w} and {@code dw}. */
    public int filterElements() {
        return filterElements;
    }

    /** Bytes of the workspace that {@link #backwardFilter} needs: none. */
    public long workspaceBytes() {
        return 0;
    }

    /** Ints of the tickets that {@link #backwardFilter} needs: none. */
    public int tickets() {
        return 0;
    }

    /** {@code y}: the convolution of {@code x} with {@code w}, rounded once. */
    public void forward(CUdeviceptr x, CUdeviceptr w, CUdeviceptr y, CUstream stream) {
        forward.enqueue(stream, x, w, y);
    }

    /** {@code dx}: what {@code dy} says about {@code x}, rounded once; pixels that no window reads get zero. */
    public void backwardData(CUdeviceptr dy, CUdeviceptr w, CUdeviceptr dx, CUstream stream) {
        backwardData.enqueue(stream, dy, w, dx);
    }

    /** {@code dw}: what {@code dy} says about {@code w}, fp32. {@code workspace} and {@code tickets} are not used: null is fine. */
    public void backwardFilter(CUdeviceptr x, CUdeviceptr dy, CUdeviceptr dw, CUdeviceptr workspace, CUdeviceptr tickets, CUstream stream) {
        backwardFilter.enqueue(stream, x, dy, dw);
    }
}
