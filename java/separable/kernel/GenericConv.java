package separable.kernel;

import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Shape;

/**
 * Convolution of any kind in any layout: any groups, channel multiplier, kernel, stride, dilation, padding and channel count. Plain
 * and slow: the last resort where no other class supports a problem, and what faster ones are checked against. The definition is
 * PyTorch's {@code Conv2d}; groups are those of Krizhevsky et al. (2012). With G groups of
 * I = Cin / G inputs and O = Cout / G outputs, stride S and dilation D
 * <pre>
 *   forward   y[n, oy, ox, co] = sum over ky, kx, ci of x[n, oy*S - top + ky*D, ox*S - left + kx*D, co/O*I + ci] * w[co, ky, kx, ci]
 * </pre>
 * where taps outside the picture are zero, and the two gradients are its transposes.
 *
 * <p>Filters as {@link Layout} says; surplus elements of outputs in {@link Layout#PADDED_NHWC} are overwritten with zeros. No workspace
 * and no tickets are needed, and addresses need only be multiples of an element's size. Shapes, errors and lifetimes:
 * {@link ConvKernel}.
 */
public final class GenericConv extends ConvKernel {

    private static final int FILTER_THREADS = 128;

    /** Elements of dw that a block computes, a warp each. */
    private static final int FILTER_ELEMENTS_PER_BLOCK = FILTER_THREADS / 32;

    /** On the current context, in {@link Layout#NHWC}. */
    public GenericConv(ConvSpec spec, DType type) {
        this(spec, type, Layout.NHWC);
    }

    /**
     * On the context that is current on the calling thread, whoever made it.
     *
     * @throws IllegalArgumentException when the filter has more than 2^31 - 1 stored elements
     * @throws IllegalStateException when no context is current
     */
    public GenericConv(ConvSpec spec, DType type, Layout layout) {
        super(Device.current(), device -> launches(device, spec, type, layout));
    }

    /** In {@link Layout#PADDED_NHWC}, as the layer graph stores activations. */
    public GenericConv(Device device, ConvSpec spec, DType type) {
        this(device, spec, type, Layout.PADDED_NHWC);
    }

    /**
     * On {@code device}, which must stay open as long as this.
     *
     * @throws IllegalArgumentException when the filter has more than 2^31 - 1 stored elements
     */
    public GenericConv(Device device, ConvSpec spec, DType type, Layout layout) {
        super(device.lend(), share -> launches(share, spec, type, layout));
    }

    static ConvLaunches launches(Device device, ConvSpec spec, DType type, Layout layout) {
        if (!supports(spec, type, layout)) {
            throw new IllegalArgumentException("generic convolution cannot compute " + spec + " in " + layout + ": "
                    + refusalOfFilter(spec, layout).orElseThrow());
        }
        return new Description(device, spec, type, layout).launches();
    }

    /** Whether the filter can be indexed with 32 bits; activations always can. */
    public static boolean supports(ConvSpec spec, DType type, Layout layout) {
        requireProblem(spec, type, layout);
        return refusalOfFilter(spec, layout).isEmpty();
    }

    /** Whether it computes {@code spec} in {@link Layout#NHWC}. */
    public static boolean supports(ConvSpec spec, DType type) {
        return supports(spec, type, Layout.NHWC);
    }

    /** Describes the launches of one problem. */
    private record Description(Device device, ConvSpec spec, DType type, Layout layout) {

        ConvLaunches launches() {
            ConvOperands operands = ConvOperands.elements(spec, type, layout);
            int elements = (int) operands.filterElements();
            Launch filter = geometry(operands.backwardFilter(launch("backward_filter"), 0, 0))
                    .i32(spec.output().rows()).i32(storedOutputs()).i32(storedInputs())
                    .i32(elements).grid(VectorGrid.blocks(elements, FILTER_ELEMENTS_PER_BLOCK), 1, 1).block(FILTER_THREADS);
            return new ConvLaunches(
                    writing(geometry(operands.forward(launch("forward"))), layout.elements(spec.output())),
                    writing(geometry(operands.backwardData(launch("backward_data"))), layout.elements(spec.input())),
                    filter, operands.filterElements(), 0, 0);
        }

        private Launch launch(String pass) {
            return device.kernel("conv_generic_" + pass + "_" + type.suffix()).launch()
                    .describe("generic convolution " + spec + " " + layout + " " + type);
        }

        /** What follows the pointers, in the order of conv_generic.cu. */
        private Launch geometry(Launch launch) {
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
    }
}
