package separable.kernel;

import separable.device.Device;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Shape;

/**
 * How the kernels of fused_depthwise.cuh spread pictures over a grid. Each of the {@code images} is cut into {@code bands} of
 * {@code rows} lines, a band into {@code strips} a few pixels wide: pieces, which a thread walks through line by line for its eight channels. A CTA
 * takes {@code columns} vectors of channels, and {@code lanes} pieces beside each other; {@code parts} CTAs share the pieces in
 * contiguous ranges, {@code tiles} the channels.
 */
record DepthwiseWalk(int images, int columns, int lanes, int tiles, int parts, int rows, int bands, int strips) {

    /** Threads of a CTA at most: DW_THREADS. */
    private static final int THREADS = 128;

    /** Vectors a CTA takes at most: a line of memory in 16 bit, and few enough for every last CTA to have little to fold. */
    private static final int MAX_COLUMNS = 8;

    /** Lines of a band: every band reads K - S lines of its neighbour's again. */
    private static final int MOST_ROWS = 16;
    private static final int LEAST_ROWS = 4;

    /** Of the forward pass on this device, and of its twins. */
    static DepthwiseWalk forward(Device device, ConvSpec spec, DType type) {
        return forward(spec, residents(device, "fused_dw_forward_" + filter(spec) + "_norm", type));
    }

    /** Over the lines of y, in strips of DW_FORWARD_STRIP pixels. @param ctas that the device holds at once */
    static DepthwiseWalk forward(ConvSpec spec, int ctas) {
        return over(spec.output(), 0, spec.kernelHeight() == 3 ? 4 : 1, ctas);
    }

    /**
     * Of the gradients on this device, and of their twins, whichever of them a kernel computes: as many CTAs as it holds of the one that
     * takes most registers.
     */
    static DepthwiseWalk backward(Device device, ConvSpec spec, DType type, int depth) {
        String form = spec.kernelHeight() == 3 ? "both" : depth == 1 ? "data" : "filter";
        return backward(spec, depth, residents(device, "fused_dw_backward_" + form + "_" + filter(spec) + "_norm", type));
    }

    /**
     * Over the lines of x, in strips of DW_BACKWARD_STRIP pixels that begin where the stride divides the padded coordinate, for a grid of
     * {@code depth} CTAs along z.
     *
     * @param ctas that the device holds at once
     */
    static DepthwiseWalk backward(ConvSpec spec, int depth, int ctas) {
        return over(spec.input(), before(spec), 2, ctas / depth);
    }

    private static int residents(Device device, String entry, DType type) {
        return device.kernel(entry + "_" + type.suffix()).residents(THREADS, 0);
    }

    /** Pixels that the first strip of {@link #backward} begins left of the picture. */
    static int before(ConvSpec spec) {
        return spec.padding().left() % spec.stride();
    }

    /** CTAs along z of a gradient of the filter alone: those of 5x5 compute a line of it each. */
    static int filterDepth(ConvSpec spec) {
        return spec.kernelHeight() == 3 ? 1 : spec.kernelHeight();
    }

    /**
     * Whole pieces of the smallest height that still gives every thread of the device one, if there are so many; and no lane without one but in
     * the last CTA: it would only wait at the fold.
     *
     * @param before pixels that the first strip begins left of the picture
     * @param width  of a strip
     * @param most   CTAs for all channels
     */
    private static DepthwiseWalk over(Shape shape, int before, int width, int most) {
        int vectors = shape.channelStride() / Shape.CHANNEL_MULTIPLE;
        int tiles = VectorGrid.blocks(vectors, MAX_COLUMNS);
        int columns = VectorGrid.blocks(vectors, tiles);
        int lanes = THREADS / columns;
        int strips = VectorGrid.blocks(shape.w() + before, width);
        int ctas = Math.max(1, most / tiles);
        int wanted = VectorGrid.blocks(ctas * lanes, shape.n() * strips);
        int rows = Math.min(shape.h(), Math.max(LEAST_ROWS, Math.min(MOST_ROWS, shape.h() / wanted)));
        int bands = VectorGrid.blocks(shape.h(), rows);
        rows = VectorGrid.blocks(shape.h(), bands);
        bands = VectorGrid.blocks(shape.h(), rows);
        int pieces = shape.n() * bands * strips;
        lanes = Math.min(lanes, VectorGrid.blocks(pieces, ctas));
        int share = VectorGrid.blocks(VectorGrid.blocks(pieces, ctas), lanes) * lanes;
        return new DepthwiseWalk(shape.n(), columns, lanes, tiles, VectorGrid.blocks(pieces, share), rows, bands, strips);
    }

    /** A fold of {@code vectors} vectors of fp32 a channel vector. */
    Fold fold(int vectors, Shape shape) {
        return new Fold((long) vectors * parts * shape.channelStride() * Float.BYTES, tiles);
    }

    /** The fold of the filter's gradient, over all its lines. */
    Fold filterFold(ConvSpec spec) {
        int taps = spec.kernelHeight() * spec.kernelWidth();
        return new Fold(fold(taps, spec.input()).bytes(), tiles * filterDepth(spec));
    }

    /** Appends the cut, and sets grid and block; {@code depth} CTAs along z. */
    Launch shape(Launch launch, int depth) {
        return launch.i32(images).i32(columns).i32(rows).i32(bands).i32(strips).grid(parts, tiles, depth).block(columns * lanes);
    }

    /** Appends the extents of {@code spec}, as DwGeometry has them. */
    static Launch geometry(Launch launch, ConvSpec spec) {
        Shape in = spec.input();
        Shape out = spec.output();
        return launch.i32(in.h()).i32(in.w()).i32(out.h()).i32(out.w()).i32(in.channelStride())
                .i32(spec.padding().top()).i32(spec.padding().left());
    }

    /** The part of an entry point's name that tells filter and stride. */
    static String filter(ConvSpec spec) {
        return "k" + spec.kernelWidth() + "s" + spec.stride();
    }
}
