package separable.kernel;

import java.util.Optional;
import java.util.function.UnaryOperator;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Pass;
import separable.spec.Shape;

/**
 * Depthwise convolution of tensors with channels last, in whole vectors. 3x3 and 5x5 filters of stride 1 and 2 without dilation
 * have kernels of their own (depthwise.cuh); any other problem takes the generic ones there.
 */
final class DepthwiseNhwc {

    private static final int THREADS = 128;

    private final Device device;
    private final ConvSpec spec;
    private final DType type;
    private final ConvOperands operands;

    private DepthwiseNhwc(Device device, ConvSpec spec, DType type) {
        this.device = device;
        this.spec = spec;
        this.type = type;
        this.operands = ConvOperands.vectors(spec, type, Layout.PADDED_NHWC);
    }

    /** @param variant of the pass it is for; the other passes, and all without one, as the rule says */
    static ConvLaunches launches(Device device, ConvSpec spec, DType type, Optional<Variant> variant) {
        return new DepthwiseNhwc(device, spec, type).launches(variant);
    }

    /** The forward pass as the rule has it, by kernels with the epilogue of inference. @param operands appends the pointers */
    static Launch inference(Device device, ConvSpec spec, DType type, UnaryOperator<Launch> operands) {
        DepthwiseNhwc problem = new DepthwiseNhwc(device, spec, type);
        DepthwiseVariant variant = DepthwiseVariant.pick(Optional.empty(), Pass.FORWARD, device, spec);
        return problem.data(operands.apply(problem.launch("inference", variant)), variant, spec.output());
    }

    private ConvLaunches launches(Optional<Variant> variant) {
        DepthwiseVariant forward = DepthwiseVariant.pick(variant, Pass.FORWARD, device, spec);
        DepthwiseVariant data = DepthwiseVariant.pick(variant, Pass.BACKWARD_DATA, device, spec);
        DepthwiseVariant filter = DepthwiseVariant.pick(variant, Pass.BACKWARD_FILTER, device, spec);
        ColumnGrid grid = filter.filterGrid(spec);
        long partialBytes = grid.parts() * operands.filterElements() * Float.BYTES;
        int tickets = grid.tiles() * filter.filterDepth(spec);
        return new ConvLaunches(
                data(operands.forward(launch(forward)), forward, spec.output()),
                data(operands.backwardData(launch(data)), data, spec.input()),
                filter(operands.backwardFilter(launch(filter), partialBytes, tickets), filter, grid),
                operands.filterElements(), partialBytes, tickets);
    }

    private Launch launch(DepthwiseVariant variant) {
        return launch(switch (variant.pass()) {
            case FORWARD -> "forward";
            case BACKWARD_DATA -> "backward_data";
            case BACKWARD_FILTER -> "backward_filter";
        }, variant);
    }

    private Launch launch(String kernels, DepthwiseVariant variant) {
        String kernel = variant.strips() ? "k" + spec.kernelWidth() + "s" + spec.stride() : "generic";
        return device.kernel("dw_" + kernels + "_" + kernel + "_" + type.suffix()).launch().describe("depthwise " + spec + " " + type);
    }

    private Launch geometry(Launch launch) {
        Shape in = spec.input();
        Shape out = spec.output();
        return launch.i32(in.h()).i32(in.w()).i32(out.h()).i32(out.w()).i32(in.channelStride())
                .i32(spec.padding().top()).i32(spec.padding().left());
    }

    /** What follows the pointers of a launch that computes {@code target} from the other activation. */
    private Launch data(Launch launch, DepthwiseVariant variant, Shape target) {
        geometry(launch);
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

    private Launch filter(Launch launch, DepthwiseVariant variant, ColumnGrid grid) {
        Shape output = spec.output();
        geometry(launch).i32(output.n() * output.h()).i32(grid.columns());
        if (!variant.strips()) {
            launch.i32(spec.kernelWidth()).i32(spec.stride()).i32(spec.dilation());
        }
        return grid.shape(launch, variant.filterDepth(spec));
    }
}
