package separable.kernel;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.Pass;
import separable.spec.Shape;

/**
 * One pass of a depthwise convolution.
 *
 * @param strips whether by the kernels for this size and stride, which compute a strip a thread; else by the generic ones
 * @param share  CTAs that share the rows of a filter gradient; threads that share a line in the other passes, 1 for the generic kernels
 */
record DepthwiseVariant(Pass pass, boolean strips, int share) implements Variant {

    /** Pixels a thread computes at a time: STRIP in depthwise.cuh. */
    private static final int STRIP = 4;

    /** Threads a multiprocessor that make a launch worth splitting lines no further. */
    private static final int THREADS_PER_MULTIPROCESSOR = 1024;

    private static final int FILTER_CTAS_PER_MULTIPROCESSOR = 4;

    /** {@code wanted} where it is for {@code pass}, else the rule's choice. */
    static DepthwiseVariant pick(Optional<Variant> wanted, Pass pass, Device device, ConvSpec spec) {
        if (wanted.isEmpty() || wanted.get().pass() != pass) {
            return byRule(pass, device, spec, isSpecialised(spec));
        }
        if (wanted.get() instanceof DepthwiseVariant variant && (!variant.strips() || isSpecialised(spec))) {
            return variant;
        }
        throw new IllegalArgumentException("variant " + wanted.get().name() + " is not one of " + spec + ": use those that variants lists");
    }

    /** The rule's choice, other numbers around it, and the generic kernel. */
    static List<Variant> all(Pass pass, Device device, ConvSpec spec) {
        boolean specialised = isSpecialised(spec);
        DepthwiseVariant rule = byRule(pass, device, spec, specialised);
        int most = mostShare(pass, spec, specialised);
        Stream<DepthwiseVariant> shares = Stream.of(rule.share, rule.share / 2, rule.share * 2, rule.share * 4)
                .map(share -> new DepthwiseVariant(pass, specialised, Math.max(1, Math.min(share, most))));
        return Stream.<Variant>concat(shares, Stream.of(byRule(pass, device, spec, false))).distinct().toList();
    }

    /** Whether the kernels for this size and stride exist: those that compute a strip a thread. */
    static boolean isSpecialised(ConvSpec spec) {
        return spec.kernelHeight() == spec.kernelWidth() && (spec.kernelWidth() == 3 || spec.kernelWidth() == 5)
                && spec.stride() <= 2 && spec.dilation() == 1;
    }

    private static DepthwiseVariant byRule(Pass pass, Device device, ConvSpec spec, boolean strips) {
        if (pass == Pass.BACKWARD_FILTER) {
            Shape output = spec.output();
            int ctas = FILTER_CTAS_PER_MULTIPROCESSOR * device.multiprocessors() / filterDepth(spec, strips);
            return new DepthwiseVariant(pass, strips, ColumnGrid.lines(output.n() * output.h(), output.w(), output.channelStride(), ctas).parts());
        }
        if (!strips) {
            return new DepthwiseVariant(pass, false, 1);
        }
        Shape target = pass == Pass.FORWARD ? spec.output() : spec.input();
        int vectors = target.channelStride() / Shape.CHANNEL_MULTIPLE;
        int wanted = THREADS_PER_MULTIPROCESSOR * device.multiprocessors();
        int segments = Math.min(mostShare(pass, spec, true), VectorGrid.blocks(wanted, target.n() * target.h() * vectors));
        return new DepthwiseVariant(pass, true, segments);
    }

    private static int mostShare(Pass pass, ConvSpec spec, boolean strips) {
        if (pass == Pass.BACKWARD_FILTER) {
            return spec.output().n() * spec.output().h();
        }
        if (!strips) {
            return 1;
        }
        // The first strip may begin left of the picture, where the stride divides the padded coordinate.
        int span = pass == Pass.FORWARD ? spec.output().w() : spec.input().w() + spec.padding().left() % spec.stride();
        return VectorGrid.blocks(span, STRIP);
    }

    /** CTAs along z of the filter gradient, which share the taps: see depthwise_filter.cu. */
    int filterDepth(ConvSpec spec) {
        return filterDepth(spec, strips);
    }

    /** Whether the grid of the filter gradient, which has tiles of channels along y and taps along z, is one that a device takes. */
    static boolean fitsGrid(ConvSpec spec) {
        int tiles = ColumnGrid.lines(1, 1, spec.input().channelStride(), 1).tiles();
        return tiles <= Launch.GRID_LIMIT_YZ && (long) spec.kernelHeight() * spec.kernelWidth() <= Launch.GRID_LIMIT_YZ;
    }

    private static int filterDepth(ConvSpec spec, boolean strips) {
        if (!strips) {
            return spec.kernelHeight() * spec.kernelWidth();
        }
        return spec.kernelHeight() == 3 ? 1 : spec.kernelHeight();
    }

    /** The grid of the filter gradient. */
    ColumnGrid filterGrid(ConvSpec spec) {
        Shape output = spec.output();
        return ColumnGrid.lines(output.n() * output.h(), output.w(), output.channelStride(), 1).withParts(share);
    }

    @Override
    public String name() {
        String work = pass == Pass.BACKWARD_FILTER ? "parts " + share : "segments " + share;
        if (strips) {
            return work;
        }
        return pass == Pass.BACKWARD_FILTER ? "generic " + work : "generic";
    }
}
