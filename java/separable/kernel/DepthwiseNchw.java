package separable.kernel;

import separable.device.Device;
import separable.device.Kernel;
import separable.device.Launch;
import separable.spec.ConvSpec;
import separable.spec.DType;
import separable.spec.Layout;
import separable.spec.Shape;

/**
 * Depthwise convolution of tensors with channels first. 3x3 and 5x5 filters of stride 1 and 2 without dilation have kernels of their
 * own (depthwise_nchw.cuh), as long as a few rows of a plane fit shared memory; any other problem takes the generic kernels.
 */
final class DepthwiseNchw {

    /** Blocks a multiprocessor that hide each other's waits. */
    private static final int BLOCKS_PER_MULTIPROCESSOR = 8;

    /** Bytes of a vector: a stretch of rows may begin anywhere in one. */
    private static final int VECTOR_BYTES = 16;

    private final Device device;
    private final ConvSpec spec;
    private final DType type;
    private final Shape in;
    private final Shape out;
    private final int kernel;
    private final int stride;

    private DepthwiseNchw(Device device, ConvSpec spec, DType type) {
        this.device = device;
        this.spec = spec;
        this.type = type;
        in = spec.input();
        out = spec.output();
        kernel = spec.kernelWidth();
        stride = spec.stride();
    }

    static ConvLaunches launches(Device device, ConvSpec spec, DType type) {
        return isSpecialised(device, spec, type) ? new DepthwiseNchw(device, spec, type).launches()
                : GenericConv.launches(device, spec, type, Layout.NCHW);
    }

    /** Whether there are kernels for this size and stride, and a few rows of a plane fit their shared memory in every pass. */
    static boolean isSpecialised(Device device, ConvSpec spec, DType type) {
        return DepthwiseVariant.isSpecialised(spec) && new DepthwiseNchw(device, spec, type).fits();
    }

    private boolean fits() {
        return fits(forwardShare(), kernel("forward")) && fits(dataShare(), kernel("backward_data"))
                && fits(filterShare(), kernel("backward_filter"));
    }

    private ConvLaunches launches() {
        NchwShare forward = forwardShare();
        NchwShare data = dataShare();
        NchwShare filter = filterShare();
        int parts = Math.min(filter.pieces(), filterPieces());
        ConvOperands operands = ConvOperands.vectors(spec, type, Layout.NCHW);
        long partialBytes = operands.filterElements() * parts * Float.BYTES;
        return new ConvLaunches(
                forward.append(geometry(operands.forward(launch(kernel("forward"))))).grid(forward.pieces(), 1, 1),
                data.append(geometry(operands.backwardData(launch(kernel("backward_data"))))).grid(data.pieces(), 1, 1),
                filter.append(geometry(operands.backwardFilter(launch(kernel("backward_filter")), partialBytes, in.c())))
                        .i32(xElements(filter.rows())).i32(dyElements(filter.rows())).grid(in.c(), parts, 1),
                operands.filterElements(), partialBytes, in.c());
    }

    private boolean fits(NchwShare share, Kernel kernel) {
        return share.sharedBytes() <= device.sharedMemoryPerBlock() - kernel.sharedBytes();
    }

    private NchwShare forwardShare() {
        return NchwShare.of(planes(), out.h(), NchwShare.ROWS_PER_THREAD, out.w(), wantedBlocks(),
                (planes, rows) -> stretchBytes(planes, in, inputRows(rows)));
    }

    /** A unit is a row of cells of the padded picture, stride x stride pixels each: see depthwise_nchw.cuh. */
    private NchwShare dataShare() {
        int before = (kernel - 1) / stride;
        return NchwShare.of(planes(), cells(spec.padding().top(), in.h()), NchwShare.ROWS_PER_THREAD / stride,
                cells(spec.padding().left(), in.w()), wantedBlocks(),
                (planes, cells) -> stretchBytes(planes, out, Math.min(out.h(), cells + before)));
    }

    /** The images of one channel. */
    private NchwShare filterShare() {
        return NchwShare.of(in.n(), out.h(), NchwShare.ROWS_PER_THREAD, out.w(), filterPieces(),
                (planes, rows) -> (long) planes * (xElements(rows) + dyElements(rows)) * type.bytes());
    }

    private int planes() {
        return in.n() * in.c();
    }

    private int wantedBlocks() {
        return BLOCKS_PER_MULTIPROCESSOR * device.multiprocessors();
    }

    private int filterPieces() {
        return VectorGrid.blocks(wantedBlocks(), in.c());
    }

    /** Cells that the pixels of a picture lie in which begins {@code padding} pixels after the first cell. */
    private int cells(int padding, int size) {
        return (padding + size - 1) / stride - padding / stride + 1;
    }

    /** Rows of x that {@code rows} rows of y come from. */
    private int inputRows(int rows) {
        return Math.min(in.h(), (rows - 1) * stride + kernel);
    }

    /** Rows of the last of {@code planes} planes, and all of those before it. */
    private long stretchBytes(int planes, Shape shape, int rows) {
        return ((planes - 1L) * shape.h() + rows) * shape.w() * type.bytes() + VECTOR_BYTES;
    }

    private int xElements(int rows) {
        return wholeVectors(inputRows(rows) * in.w());
    }

    private int dyElements(int rows) {
        return wholeVectors(Math.min(rows, out.h()) * out.w());
    }

    /** Elements of the vectors that a stretch of {@code elements} may touch. */
    private int wholeVectors(int elements) {
        int vector = VECTOR_BYTES / type.bytes();
        return VectorGrid.blocks(elements + vector - 1, vector) * vector;
    }

    private Kernel kernel(String pass) {
        return device.kernel("dw_nchw_" + pass + "_k" + kernel + "s" + stride + "_" + type.suffix());
    }

    private Launch launch(Kernel entry) {
        return entry.launch().describe("depthwise " + spec + " " + Layout.NCHW + " " + type);
    }

    private Launch geometry(Launch launch) {
        return launch.i32(in.h()).i32(in.w()).i32(out.h()).i32(out.w()).i32(in.c())
                .i32(spec.padding().top()).i32(spec.padding().left());
    }
}
